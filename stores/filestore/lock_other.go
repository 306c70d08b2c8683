//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package filestore

import (
	"errors"
	"os"
)

// canLock is false, so New refuses to make a store here.
const canLock = false

const noWait = 0

func tryFlock(*os.File) (bool, error) { return false, errors.ErrUnsupported }
