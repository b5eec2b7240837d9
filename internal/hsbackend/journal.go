package hsbackend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

// journal is a file with one change a line. A line that has been written is in the
// kernel's hands and survives a kill of the process, not a power loss.
type journal struct {
	file   *os.File
	failed func(error)
}

// openJournal opens the file, gives every change in it to restore, and stands ready for
// more. A last line that was cut off is dropped: its call was never answered.
func openJournal(path string, restore func(hsadmintest.Change) error, failed func(error)) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("hsbackend: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("hsbackend: %w", err)
	}
	j := &journal{file: file, failed: failed}
	if err := j.replay(restore); err != nil {
		return nil, errors.Join(fmt.Errorf("hsbackend: %s: %w", path, err), file.Close())
	}
	return j, nil
}

func (j *journal) replay(restore func(hsadmintest.Change) error) error {
	content, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	complete := bytes.LastIndexByte(content, '\n') + 1
	for line := range bytes.Lines(content[:complete]) {
		var change hsadmintest.Change
		if err := json.Unmarshal(line, &change); err != nil {
			return err
		}
		if err := restore(change); err != nil {
			return err
		}
	}
	return j.file.Truncate(int64(complete))
}

// add writes a change; a wipe empties the file.
func (j *journal) add(change hsadmintest.Change) {
	if change.Kind == "" {
		if err := j.file.Truncate(0); err != nil {
			j.failed(err)
		}
		return
	}
	line, err := json.Marshal(change)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		j.failed(err)
	}
}
