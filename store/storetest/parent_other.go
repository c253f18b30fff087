//go:build unix && !linux

package storetest

import "syscall"

// endWithParent does nothing where the system has no word for it; Main stops the
// server.
func endWithParent(*syscall.SysProcAttr) {}
