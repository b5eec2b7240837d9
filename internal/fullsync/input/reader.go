package input

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
)

// LineError says what is wrong with one line. Reading goes on after it.
type LineError struct {
	Line   int // from 1
	Reason error
}

// Error names the line and the reason.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Reason) }

// Unwrap gives the reason.
func (e *LineError) Unwrap() error { return e.Reason }

// maxLine bounds one line, in bytes; a household of a thousand devices needs a tenth.
const maxLine = 8 << 20

// Read yields the lines of r in order. A line that cannot be used comes as a *LineError
// and reading goes on; any other error is the reader's own and the last one yielded.
// Empty lines are passed over.
func Read(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
		check := newChecker()
		for number := 1; scanner.Scan(); number++ {
			raw := bytes.TrimSpace(scanner.Bytes())
			if len(raw) == 0 {
				continue
			}
			line, err := parse(raw)
			if err == nil {
				err = check.line(line)
			}
			line.Number = number
			if err != nil {
				line, err = Line{Number: number}, &LineError{Line: number, Reason: err}
			}
			if !yield(line, err) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(Line{}, fmt.Errorf("read input: %w", err))
		}
	}
}

// parse decodes one line strictly: an unknown field is more likely a typing mistake than
// a wish to have it ignored.
func parse(raw []byte) (Line, error) {
	var line Line
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&line); err != nil {
		return Line{}, fmt.Errorf("not a provider or household: %w", err)
	}
	if dec.More() {
		return Line{}, errors.New("more than one JSON value")
	}
	if (line.Provider == nil) == (line.Household == nil) {
		return Line{}, errors.New("want exactly one of provider and household")
	}
	return line, nil
}

// checker holds what the lines before have said, so that one that contradicts them is
// refused whole: nothing of a refused line is loaded.
type checker struct {
	packages map[string]map[string]string // by ISP: agent package id to target
	ids      map[string]bool              // of accounts, users and devices
}

func newChecker() *checker {
	return &checker{packages: map[string]map[string]string{}, ids: map[string]bool{}}
}

func (c *checker) line(line Line) error {
	if line.Provider != nil {
		return c.provider(line.Provider)
	}
	return c.household(line.Household)
}

func (c *checker) provider(p *Provider) error {
	if p.ISPID == "" {
		return errors.New("provider without isp_id")
	}
	if c.packages[p.ISPID] != nil {
		return fmt.Errorf("provider %s again", p.ISPID)
	}
	targets := map[string]string{}
	for _, pkg := range p.AgentPackages {
		if pkg.AgentPackageID == "" || pkg.Target == "" {
			return fmt.Errorf("provider %s: agent package without id or target", p.ISPID)
		}
		targets[pkg.AgentPackageID] = pkg.Target
	}
	c.packages[p.ISPID] = targets
	return nil
}

func (c *checker) household(h *Household) error {
	packages, known := c.packages[h.Account.ISPID]
	if !known {
		return fmt.Errorf("account %q of unknown provider %q", h.Account.AccountID, h.Account.ISPID)
	}
	ids := []string{h.Account.AccountID}
	users := map[string]bool{"": true}
	for _, user := range h.Users {
		if user.AccountID != h.Account.AccountID {
			return fmt.Errorf("user %q belongs to account %q", user.UserID, user.AccountID)
		}
		users[user.UserID] = true
		ids = append(ids, user.UserID)
	}
	for _, device := range h.Devices {
		if err := checkDevice(h, device, users, packages); err != nil {
			return err
		}
		ids = append(ids, device.DeviceID)
	}
	return c.claim(ids)
}

// claim records the ids of one household, or none of them when one is empty or taken.
func (c *checker) claim(ids []string) error {
	seen := map[string]bool{}
	for _, id := range ids {
		if id == "" {
			return errors.New("an account, user or device without id")
		}
		if c.ids[id] || seen[id] {
			return fmt.Errorf("id %q again", id)
		}
		seen[id] = true
	}
	for id := range seen {
		c.ids[id] = true
	}
	return nil
}

func checkDevice(h *Household, device Device, users map[string]bool, packages map[string]string) error {
	if device.AccountID != h.Account.AccountID {
		return fmt.Errorf("device %q belongs to account %q", device.DeviceID, device.AccountID)
	}
	if !users[device.UserID] {
		return fmt.Errorf("device %q of unknown user %q", device.DeviceID, device.UserID)
	}
	if device.Kind != "router" && device.Kind != "device" {
		return fmt.Errorf("device %q: kind %q is neither router nor device", device.DeviceID, device.Kind)
	}
	if _, err := net.ParseMAC(device.MAC); err != nil {
		return fmt.Errorf("device %q: %w", device.DeviceID, err)
	}
	pkg, associated := h.AgentPackages[device.DeviceID]
	switch {
	case !associated:
		return nil
	case device.Agent == nil || packages[pkg] != device.Agent.Target:
		return fmt.Errorf("device %q: agent package %q is not of its target", device.DeviceID, pkg)
	}
	return nil
}
