package job

import (
	"errors"
	"fmt"
	"os"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// Providers lists the ISPs of an input.
func Providers(path string) ([]string, error) {
	var ids []string
	err := eachLine(path, func(line input.Line, _ *input.Provider, err error) error {
		if err == nil && line.Provider != nil {
			ids = append(ids, line.Provider.ISPID)
		}
		return nil
	})
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("%s has no provider", path)
	}
	return ids, err
}

// eachLine gives every line of the input to use, with the provider that it is or belongs
// to. A line that cannot be used comes with its *input.LineError; the first error that
// use returns ends it.
func eachLine(path string, use func(input.Line, *input.Provider, error) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	defer file.Close()
	providers := map[string]*input.Provider{}
	for line, err := range input.Read(file) {
		var broken *input.LineError
		if err != nil && !errors.As(err, &broken) {
			return err
		}
		provider := line.Provider
		switch {
		case provider != nil:
			providers[provider.ISPID] = provider
		case line.Household != nil:
			provider = providers[line.Household.Account.ISPID]
		}
		if err := use(line, provider, err); err != nil {
			return err
		}
	}
	return nil
}

// eachLineError gives the lines that cannot be used to report.
func eachLineError(path string, report func(error)) error {
	return eachLine(path, func(_ input.Line, _ *input.Provider, err error) error {
		if err != nil {
			report(err)
		}
		return nil
	})
}
