// Package ctl is the control protocol of a mount: how the commands status,
// wait, which and umount talk to the daemon that serves it.
//
// # Transport
//
// The daemon listens on the unix socket RUNDIR/ID/ctl, where RUNDIR is
// /run/seamfs (or $SEAMFS_RUNDIR) and ID is [MountID] of the mount point. The
// bare virtual xattr "seamfs.ctl" of the mount's root holds that path. The
// directory has mode 0700 and the socket 0600, both owned by the mount's
// owner, and the daemon asks the kernel for the peer's uid (SO_PEERCRED): only
// root and the owner are answered.
//
// It speaks HTTP/1.1 with JSON bodies:
//
//	GET  /v1/status?path=P[&tree=1]    one [Report]
//	GET  /v1/which?path=P              one [Which]
//	POST /v1/wait?path=P               events, the last one's "result" a [WaitResult]
//	POST /v1/drain?timeout=SECONDS     events, the last one's "result" a [Left]
//	POST /v1/umount                    body [UmountOptions]; events, the last
//	                                   one's "result" an [UmountResult]
//
// Events are newline-delimited JSON, one [Event] a line: any number with
// "progress", then exactly one with "result" or "error". Closing the
// connection cancels the request; what is already unmounted stays so.
//
// # Schema
//
// Every top-level object has "schema": [Schema]. Within one schema number
// fields are only ever added, so readers ignore the ones that they don't know.
// Times are RFC 3339, sizes are bytes, durations are seconds. Fields are
// always present; "nothing" is 0, "", [] or null.
//
// An answer with an HTTP status of 400 or more is {"schema": 1, "error": E},
// E being an [Error]: "message" for people, "errno" the symbolic name of the
// system's error ("ENOENT"), or "" if there is none.
//
// # Names
//
// Linux names are bytes, JSON strings are Unicode. A path P in a request or an
// answer is absolute within the mount ("/" is its root) and escaped by
// [EscapePath]: each byte that isn't part of valid UTF-8, and each "%", is
// written %XX with two upper-case hexadecimal digits; [UnescapePath] is its
// inverse. In a query the escaped path is then encoded once more, as HTTP
// demands. Mount points and backend paths are escaped in the same way.
//
// # Concurrency
//
// A [Service] is called from one goroutine for each request. The package holds
// no lock while it calls.
package ctl
