package job

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
)

// plainEvery is how often progress is listed where it cannot be drawn.
const plainEvery = 2 * time.Second

// bar shows how much of one thing is done. It is not safe for concurrent use.
type bar struct {
	out      io.Writer
	terminal *progressbar.ProgressBar // nil: plain lines
	name     string
	total    int
	now      int
	said     time.Time
}

func newBar(out io.Writer, terminal bool, name string, total int) *bar {
	b := &bar{out: out, name: name, total: total, said: time.Now()}
	if terminal {
		b.terminal = progressbar.NewOptions(total, append(look(name), progressbar.OptionSetWriter(out))...)
	}
	return b
}

// look is how a bar is drawn.
func look(name string) []progressbar.Option {
	return []progressbar.Option{
		progressbar.OptionSetDescription(fmt.Sprintf("%-44s", name)),
		progressbar.OptionSetWidth(24),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionThrottle(100 * time.Millisecond),
	}
}

func (b *bar) add(n int) {
	b.now += n
	if b.terminal != nil {
		_ = b.terminal.Add(n) // drawing is best effort
		return
	}
	if time.Since(b.said) >= plainEvery {
		b.said = time.Now()
		fmt.Fprintf(b.out, "  %s: %d of %d\n", b.name, b.now, b.total)
	}
}

func (b *bar) done() {
	if b.terminal != nil {
		_ = b.terminal.Finish()
		fmt.Fprintln(b.out)
	}
}

// levels shows how far each level of the jobs is, all ISPs together.
type levels struct {
	out      io.Writer
	terminal bool
	order    []string
	drawn    int // lines on the terminal
	said     time.Time
	last     string
}

func newLevels(out io.Writer, terminal bool) *levels {
	return &levels{out: out, terminal: terminal}
}

// level is the sum of the jobs' levels of one name.
type level struct{ total, done, failed int }

func (l *levels) show(jobs []gateway.Job) {
	sums := map[string]*level{}
	for _, job := range jobs {
		for _, part := range job.Levels {
			name := part.Service + " " + part.Type + "/" + part.Step
			if sums[name] == nil {
				sums[name] = &level{}
			}
			sums[name].total += part.Total
			sums[name].done += part.OK + part.Failed + part.Cancelled
			sums[name].failed += part.Failed + part.Cancelled
			l.remember(name)
		}
	}
	if l.terminal {
		l.draw(sums)
	} else if time.Since(l.said) >= plainEvery {
		l.list(sums)
	}
}

// remember keeps levels where they first appeared.
func (l *levels) remember(name string) {
	if !slices.Contains(l.order, name) {
		l.order = append(l.order, name)
	}
}

// draw repaints one bar for each level over those drawn before.
func (l *levels) draw(sums map[string]*level) {
	if l.drawn > 0 {
		fmt.Fprintf(l.out, "\x1b[%dA", l.drawn)
	}
	for _, name := range l.order {
		sum := sums[name]
		if sum == nil {
			sum = &level{}
		}
		painted := progressbar.NewOptions(max(sum.total, 1), append(look(name), progressbar.OptionSetWriter(io.Discard))...)
		_ = painted.Set(sum.done)
		fmt.Fprintf(l.out, "\x1b[2K%s\n", strings.TrimLeft(painted.String(), "\r"))
	}
	l.drawn = len(l.order)
}

func (l *levels) list(sums map[string]*level) {
	var parts []string
	for _, name := range l.order {
		if sum := sums[name]; sum != nil && sum.total > 0 {
			parts = append(parts, fmt.Sprintf("%s %d/%d", name, sum.done, sum.total))
		}
	}
	if line := strings.Join(parts, ", "); line != l.last {
		l.last, l.said = line, time.Now()
		fmt.Fprintln(l.out, "  "+line)
	}
}

func (l *levels) close() { l.drawn = 0 }
