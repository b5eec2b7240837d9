// Command generate writes the input of the full-sync example: providers and households
// as newline-delimited JSON. The same flags give the same bytes, and a larger number of
// households begins with the smaller number's.
//
//	go run ./examples/fullsync/generate -households 400 >examples/fullsync/households.ndjson
package main

//go:generate sh -c "go run . -households 400 >../households.ndjson"

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

func main() {
	households := flag.Int("households", 400, "how many households")
	seed := flag.Uint64("seed", 1, "another seed gives other households")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	err := generate(out, *households, *seed)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// generate writes the providers, then the households.
func generate(w io.Writer, households int, seed uint64) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	regions := regions()
	for _, region := range regions {
		if err := enc.Encode(input.Line{Provider: &region.provider}); err != nil {
			return fmt.Errorf("write provider: %w", err)
		}
	}
	macs := newMACs()
	for i := range households {
		household := newHousehold(regions, macs, seed, i)
		if err := enc.Encode(input.Line{Household: household}); err != nil {
			return fmt.Errorf("write household %d: %w", i, err)
		}
	}
	return nil
}
