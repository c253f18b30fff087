// Command sparkbot watches stored projects and tells Discord and Slack channels
// when one of them moves.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"sparkbot/config"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2 // wrong usage or configuration
)

func main() { os.Exit(run(os.Args[1:])) }

// run gives the exit code, so that deferred calls happen before the exit.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		// A second signal ends the program at once.
		<-ctx.Done()
		stop()
	}()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "sparkbot:", err)
	_, invalid := errors.AsType[*config.Invalid](err)
	_, usage := errors.AsType[*usageError](err)
	if invalid || usage {
		return exitUsage
	}
	return exitFailed
}
