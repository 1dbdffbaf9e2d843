// Command seamfs mounts several directories as one namespace in which rename
// works across devices at once and the bytes follow in the background, and
// controls such mounts.
//
// # Forms
//
// Besides its subcommands (see "seamfs help") it is called by mount(8), as
// mount.seamfs or mount.fuse.seamfs, and by mount.fuse3, as
//
//	seamfs SOURCE MOUNTPOINT -o OPTIONS
//
// so SOURCE can't be the name of a subcommand. mount.fuse3 adds "dev,suid" to
// the options by itself unless "nodev" or "nosuid" is there; in this form the
// first of each therefore says nothing. mount(8) drops "dev" and "suid",
// because they are its defaults: in fstab write dev=true or suid=true.
//
// # Order of checks
//
// Everything that can be seen to be wrong is found before anything is changed:
// first the command line by itself, then the paths that it names, then the
// machine. The error is one line on standard error.
//
// # Starting and ending
//
// Without -f the daemon is a new process in its own session. It gets the
// checked configuration through a pipe, with all paths absolute, and tells
// through another when the mount answers or why it can't; its descriptors 0-2
// are /dev/null, since a library that found them free would put something
// else there.
//
// umount, umount(8), SIGTERM and SIGINT mean the same: settle what durable
// rules cover for as long as the settle timeout allows, unmount, and keep what
// is left for the next start. A mount that is in use is not unmounted and
// serves on. A second signal cuts the settling short.
//
// # Exit codes
//
//	0    done; wait: everything is settled
//	1    failed; wait: something failed or is parked, with nothing else left
//	2    bad usage or bad input: the command line, or a file that it names
//	3    the machine lacks something: /dev/fuse or CAP_SYS_ADMIN
//	4    busy: a backend, the mount point, or a mount that is in use
//	5    no seamfs mount there, or its daemon doesn't answer
//	6    umount: unmounted, with something unsettled kept for the next start
//	124  wait: the timeout passed
package main
