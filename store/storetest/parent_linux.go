package storetest

import "syscall"

// endWithParent has the server told to stop when the thread that started it
// ends, so that it never outlives a test binary that was killed.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
