package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// phase is how far a run is.
type phase int

const (
	phaseLoading phase = iota + 1
	phaseWiping
	phaseSyncing
)

// state is what a run leaves behind for the one that resumes it.
type state struct {
	Phase   phase             `json:"phase"`
	Input   string            `json:"input"`
	SHA256  string            `json:"sha256"`            // of the input
	Refused []int             `json:"refused,omitempty"` // lines that a service would not have
	Jobs    map[string]string `json:"jobs,omitempty"`    // full-sync job ids by ISP
}

// InputOf tells which input the run of a state file works with.
func InputOf(stateFile string) (string, error) {
	s, err := readState(stateFile)
	return s.Input, err
}

func readState(path string) (state, error) {
	var s state
	content, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("there is no run to resume: %w", err)
	}
	if err := json.Unmarshal(content, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// begin reads the state that is resumed, or starts with a new one.
func (r *run) begin() error {
	sum, err := digest(r.Input)
	if err != nil {
		return err
	}
	r.state = state{Phase: phaseLoading, Input: r.Input, SHA256: sum}
	if !r.Resume {
		return nil
	}
	if r.state, err = readState(r.StateFile); err != nil {
		return err
	}
	if r.state.SHA256 != sum {
		return fmt.Errorf("%s is not the input of the run that is resumed", r.Input)
	}
	return nil
}

// enter records that a phase begins.
func (r *run) enter(p phase) error {
	r.state.Phase = p
	return r.save()
}

// save replaces the state file at once: a reader finds the old state or the new.
func (r *run) save() error {
	content, err := json.MarshalIndent(r.state, "", "  ")
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(r.StateFile), 0o750); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	next := r.StateFile + ".new"
	if err := errors.Join(os.WriteFile(next, content, 0o600), os.Rename(next, r.StateFile)); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("input: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("input: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
