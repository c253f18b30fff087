// Command bench measures sparkbot as an operator would meet it: the real
// program as a process of its own, on a real database, posting to a sink in
// another process. It prints one table and, for scripts, one line per figure.
//
// Every figure is a ratio against a yardstick measured in the same run on the
// same sink, because the speed of a machine says nothing about the program. It
// never judges by its exit code and is no part of the product.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// roleEnv turns this program into another process of a measurement.
const roleEnv = "SPARKBOT_BENCH_ROLE"

// row is one part of the run that can be asked for by name.
type row struct {
	name string
	run  func(context.Context, *bench) error
}

// rows are all parts, in the order of the table.
var rows = []row{
	{"fanout", measureFanOut},
	{"first", measureFirst},
	{"alone", measureAlone},
	{"limits", measureLimits},
	{"commands", measureCommands},
	{"digest", measureDigest},
	{"idle", measureIdle},
}

func main() {
	if role := os.Getenv(roleEnv); role != "" {
		os.Exit(fail(play(role)))
	}
	os.Exit(fail(run(os.Args[1:])))
}

func fail(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// play is what a child process does.
func play(role string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch role {
	case "sink":
		return serveSink(ctx)
	case "floor":
		return serveFloor(ctx)
	default:
		return fmt.Errorf("there is no role %q", role)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	program := flags.String("sparkbot", "bin/sparkbot", "the program to measure")
	only := flags.String("rows", "", "parts of the table to measure, with commas; all when empty: "+names())
	databases := flags.String("databases", "sqlite,postgres", "databases to measure on, with commas")
	small := flags.Bool("small", false, "a tenth of every size, to see that the bench itself works; its figures mean nothing")
	largest := flags.Int("largest", 100_000, "the largest fan-out to measure, in places")
	verbose := flags.Bool("v", false, "tell what the processes say")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(*program, strings.Split(*databases, ","), *small, *verbose)
	if err != nil {
		return err
	}
	b.largest = *largest
	defer b.close()
	for _, r := range rows {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), r.name) {
			continue
		}
		if err := r.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	b.table.print(os.Stdout)
	return nil
}

func names() string {
	var all []string
	for _, r := range rows {
		all = append(all, r.name)
	}
	return strings.Join(all, ", ")
}
