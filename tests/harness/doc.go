// Package harness runs the real seamfs binary on real filesystems for tests.
//
// [Main] wraps TestMain: it builds the binary once, gives all tests one
// temporary root on a disk and fails the run when mounts or loop devices below
// that root are left behind. [Build] returns the binary. A [Pair] makes two
// backends; [Start] mounts a namespace over them with the daemon as its own
// process and returns a [Daemon].
//
// # Guarantees
//
// A test never blocks forever on a mount that hangs: each daemon has a
// watchdog which, when the daemon's time is up, has it dump its goroutines
// and aborts the FUSE connection, so that every blocked call returns ENOTCONN.
//
// A test fails when its daemon panicked, reported a data race, or left
// something in a backend's staging directory. The daemon's log is printed if
// the test failed.
//
// # Environment
//
// SEAMFS_RACE=1 builds the daemon with the race detector. SEAMFS_REQUIRE=1
// turns a missing tool or privilege from a skip into a failure; `make test`
// sets it when it runs as root.
package harness
