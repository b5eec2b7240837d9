// Package hsbackend runs the HomeSecure backend that a process embeds: one realm for
// each ISP, over HTTPS with client certificates, whose documents outlive the process.
//
// Every change is written to a journal in the data folder before the call that made it
// is answered, and read back at the next start. So a document that a service was told is
// applied is still there after kill -9, as it would be with a backend of its own.
package hsbackend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

// Backend is the realms of all ISPs. It is safe for concurrent use.
type Backend struct {
	// URL is the realms' base URL, with {isp_id} where the ISP's id belongs.
	URL string
	// Credentials are those of a client that the realms let in.
	Credentials hsadmin.Credentials

	server   *hsadmintest.Server
	realms   map[string]*hsadmintest.Backend
	journals []*journal
	failed   chan error
}

// Open restores the realms of the ISPs from dir and serves them on a free port of the
// loopback interface, with certificates made on the spot.
func Open(dir string, ispIDs []string) (*Backend, error) {
	b := &Backend{realms: map[string]*hsadmintest.Backend{}, failed: make(chan error, 1)}
	routes := http.NewServeMux()
	for _, isp := range ispIDs {
		realm, err := b.realm(filepath.Join(dir, isp+".ndjson"))
		if err != nil {
			return nil, errors.Join(err, b.Close())
		}
		b.realms[isp] = realm
		routes.Handle("/"+isp+"/", http.StripPrefix("/"+isp, realm))
	}
	var err error
	if b.server, err = hsadmintest.Serve(routes); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.URL = b.server.URL + "/{isp_id}"
	client := filepath.Join(dir, "client")
	if err := os.MkdirAll(client, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("hsbackend: %w", err), b.Close())
	}
	if b.Credentials, err = b.server.WriteClient(client, "rsadaptor"); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// realm restores one realm. Its journal exists only once the realm is restored, and
// nothing calls the realm before that.
func (b *Backend) realm(path string) (*hsadmintest.Backend, error) {
	var log *journal
	realm := hsadmintest.New(hsadmintest.Options{
		RequireClientCertificate: true, CallLog: -1,
		Changed: func(change hsadmintest.Change) { log.add(change) },
	})
	log, err := openJournal(path, realm.Restore, b.fail)
	if err != nil {
		return nil, err
	}
	b.journals = append(b.journals, log)
	return realm, nil
}

func (b *Backend) fail(err error) {
	select {
	case b.failed <- fmt.Errorf("hsbackend: journal: %w", err):
	default:
	}
}

// Run returns an error as soon as a change could not be written to a journal: what the
// backend acknowledges from then on would be lost. It returns nil when ctx ends.
func (b *Backend) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-b.failed:
		return err
	}
}

// Documents is a copy of what the realms hold, by ISP, kind and id.
func (b *Backend) Documents() map[string]map[string]map[string]json.RawMessage {
	all := make(map[string]map[string]map[string]json.RawMessage, len(b.realms))
	for isp, realm := range b.realms {
		all[isp] = realm.State()
	}
	return all
}

// Count is how many documents of a kind all realms hold.
func (b *Backend) Count(kind string) int {
	n := 0
	for _, realm := range b.realms {
		n += realm.Count(kind)
	}
	return n
}

// Wipe empties every realm.
func (b *Backend) Wipe() {
	for _, realm := range b.realms {
		realm.Wipe()
	}
}

// Inspectors show and wipe the realms over plain HTTP, each under /<isp_id>/.
func (b *Backend) Inspectors() http.Handler {
	routes := http.NewServeMux()
	for isp, realm := range b.realms {
		routes.Handle("/"+isp+"/", http.StripPrefix("/"+isp, realm.Inspector()))
	}
	return routes
}

// Close ends the server and closes the journals.
func (b *Backend) Close() error {
	if b.server != nil {
		b.server.Close()
	}
	var errs []error
	for _, log := range b.journals {
		errs = append(errs, log.file.Close())
	}
	return errors.Join(errs...)
}
