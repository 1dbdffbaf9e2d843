// Package placement is the namespace: where each object is, where it belongs,
// and how it gets from one to the other without anybody noticing.
//
// # Concepts
//
// A path of the namespace is looked for on every backend, so an object may lie
// on any of them: on its resident. A rule names, for a path prefix, the
// backends on which objects below it belong; the first that has room is their
// home. An object is settled if its resident is one of the rule's backends,
// else misplaced. A [Relocation], driven by package move, brings a misplaced
// object home.
//
// A rename is one renameat2 on the backend that holds the object, at the new
// path; if that is under another rule, the object is misplaced afterwards. So
// it costs the same for an empty file and a tree of a million files.
//
// A directory may be on several backends at once: it is merged. One copy, its
// resident's, has its attributes; the others stand in for it (scaffolds).
//
// # Identity
//
// Every object has a birth: a digest of its backend's UUID and its kernel file
// handle, which is never used again. Its first 63 bits are the object's id:
// st_ino and the FUSE node id. An object that leaves its birth inode takes the
// id along in its stamp, a private xattr (see stamp.go for its layout). A
// stamp that names another birth as its own was copied there, and is void.
//
// # Authority: which of several objects at one name counts
//
// Where several backends hold one name, Z beats Y exactly if Z's stamp names
// Y's birth. Home, times and the order of backends never decide. A whiteout (a
// device 0:0 that is stamped as one, or not yet stamped and with something to
// hide) beats what isn't stamped over it, and means that nothing is there;
// other devices 0:0 are the users'. Losers are hidden: lookups
// and listings pass over them. What nothing explains is compared: identical,
// one goes; different, the loser is kept in lost+found.
//
// Directories come together by their id, or, where nothing was stamped yet,
// by their path, and then agree on one id.
//
// Who writes what, and when:
//
//	operation                     writes                                        order
//	rename, link under another    the object's stamp: due                       before the rename
//	rule                                                                        or link
//	rename over what another      the object's stamp: over those births;        before the rename
//	backend holds                 tentative if both are durable
//	move                          the copy's stamp: its id, over the source     before the first sync
//	                              rename into place                             after that sync
//	                              removal of the source                         after a second sync
//	rename of a winner while      RENAME_WHITEOUT at the old name               with the rename,
//	losers remain                 and the whiteout's stamp                      then the stamp
//	rename of a merged directory, an intent (package journal)                   before the first,
//	exchange                                                                    removed after the last
//	move of a hard-linked file    an intent that names all links                before the first
//
// Stamp and rename are on one inode in one journal, so they persist in that
// order. A tentative stamp counts only in the boot that wrote it, because the
// data of its object may not be on the disk: an fsync makes it firm, and a
// sync in the background lets the loser go.
//
// A durable old version is kept, hidden, until what replaced it is as durable
// as its rule says; the reaper (hidden.go) removes it then. A volatile one is
// removed at once. unlink takes losers first and the winner last, rmdir the
// stand-ins first and the resident's copy last.
//
// An object that a rename put under another rule carries the due mark, and so,
// for a tree, does its top: after a kill the next start moves what is due and
// leaves what a user put elsewhere before the first mount.
//
// # Listings
//
// A directory is listed in the order of its names' positions, digests of the
// names alone, and a position is the cookie that readdir gives. So a cookie
// needs no state to stay good: not over seeks and rewinds, not over creation,
// removal, renames and moves, not over a restart; and a name that stays is
// listed once, on whichever backends it is before and after. (Positions of the
// backends' own would have to be translated whenever a name moves, and the
// kernel's tmpfs breaks them when the name at one is removed.)
//
// A [Dir] holds a window of names, at most some 6 MB however large the
// directory is: each window is of one instant, read under the directory's lock.
// One of up to a quarter of a million names is one window. A larger one costs a
// pass over its backends' listings for each window, and for a seek out of the
// window.
//
// # What a kill leaves, and what power loss leaves
//
// After a kill every system call that was made counts. New carries out the
// intents, empties the staging directories, and serves; everything else is
// explained by stamps when it is looked up. After power loss volatile backends
// are empty, with their stamps and intents, and the durable old versions that
// they hid show again.
//
// # Locks
//
// Whoever removes what is hidden holds reaper.turn before all of these.
//
// The kernel's come first: the mount's rename mutex, the parents' and the
// inode's i_rwsem. Then, in this order:
//
//  1. FS.topology: exclusive for rename of a directory, shared for the rename
//     of others, for scaffolds and for switches; lookups don't take it.
//  2. FS.renames: whoever locks several directories that are not parent and
//     child.
//  3. dir.mu: the names in one directory, on all backends. An ancestor first,
//     then by id. Shared for lookups and listings.
//  4. Node.io, the gate: the bytes of one file. Shared for reads and writes;
//     closed for a switch, with a deadline of 20 ms after which it gives up.
//  5. Node.names: the names and resident of one object. Shared for system
//     calls that reach the object by its name. Two are taken by id.
//     Others are locked beside them only by trying (Node.lockSoon).
//  6. Leaves: dir.cmu, dir.rmu (which may take an ancestor's rmu), Node.fmu,
//     the node table's shards, the reaper's and the reference cache's mutex.
//
// FS.treeSeq lets paths be read without a lock: it is odd while a directory is
// renamed. No directory reference may be opened while it is.
//
// No lock is held while bytes are copied, but for the tail of a file that was
// written to while it was copied; nor while a backend is synced, but for an
// intent that must be durable, and for a loser that must be gone for good; nor
// while another request or a move is waited for.
package placement
