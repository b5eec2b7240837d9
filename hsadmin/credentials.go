package hsadmin

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// Credentials name the files that identify the client and the backend to each
// other. Files that change are taken over without a restart: new calls use the
// new identity, calls under way end on the old one, and its connections are then
// closed. Files that do not fit together, as in the middle of a change, are
// logged and looked at again.
type Credentials struct {
	// CertFile and KeyFile are the client's certificate chain and private key,
	// in PEM. Default: no client certificate.
	CertFile, KeyFile string
	// CAFile holds the authorities that the backend's certificate must come
	// from, in PEM. Default: the system's.
	CAFile string
	// ReloadInterval is how often the files are looked at. Default 2 s; negative
	// for never.
	ReloadInterval time.Duration
}

const defaultReload = 2 * time.Second

var errNoAuthority = errors.New("no certificate in the CA file")

// identity is what the files said at one time.
type identity struct {
	config *tls.Config
	print  [sha256.Size]byte
}

// load reads the files. When they are those of the known print, config is nil.
func (c Credentials) load(known [sha256.Size]byte) (identity, error) {
	cert, key, ca, err := c.read()
	if err != nil {
		return identity{}, err
	}
	id := identity{print: sha256.Sum256(bytes.Join([][]byte{cert, key, ca}, []byte{0}))}
	if id.print == known {
		return id, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	if cert != nil {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return identity{}, fmt.Errorf("hsadmin: client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return identity{}, fmt.Errorf("hsadmin: %s: %w", c.CAFile, errNoAuthority)
		}
	}
	id.config = config
	return id, nil
}

func (c Credentials) read() (cert, key, ca []byte, err error) {
	for _, file := range []struct {
		name string
		into *[]byte
	}{{c.CertFile, &cert}, {c.KeyFile, &key}, {c.CAFile, &ca}} {
		if file.name == "" {
			continue
		}
		if *file.into, err = os.ReadFile(file.name); err != nil {
			return nil, nil, nil, fmt.Errorf("hsadmin: credentials: %w", err)
		}
	}
	return cert, key, ca, nil
}
