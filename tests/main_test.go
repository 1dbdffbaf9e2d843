// Package tests mounts seamfs on real filesystems and looks at it the way its
// users do. Package harness runs the daemon, package cases holds what any
// filesystem must do, package check what is said about files.
package tests

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
