//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package filestore

import (
	"os"
	"syscall"
)

const canLock = true

// noWait opens a planted named pipe without waiting for somebody to write to it. It means nothing
// for files, but saves the os package four system calls to find that out.
const noWait = syscall.O_NONBLOCK

// tryFlock locks f if no other open file has the lock. It does not wait.
func tryFlock(f *os.File) (bool, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var flockErr error
	err = conn.Control(func(fd uintptr) {
		flockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	})
	if err == nil {
		err = flockErr
	}
	if err == syscall.EWOULDBLOCK || err == syscall.EINTR {
		return false, nil
	}
	return err == nil, err
}
