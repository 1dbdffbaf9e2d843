// Package move brings misplaced objects home: it queues them, paces and
// batches the copying, retries what went wrong, and tells how far everything
// is.
//
// # Concepts
//
// A job is one misplaced object on its way home; there is at most one for each
// object. A scan is one walk through a tree (or, at the start, through all that
// lies on foreign backends) during which the namespace tells the [Mover] what
// is misplaced. What a scan hasn't reached yet is not called settled, and a
// scan that met an unreadable directory is repeated with back-off until it
// meets none.
//
// A job goes through begin, stage, catch up, sync, switch, sync, finish (see
// [placement.Relocation]). Small objects take these steps together: a batch is
// gathered, and one sync of the destination serves all of it, twice in all.
// A large file goes alone, and leaves at least one worker (if there are
// several) to the small ones. One more worker does nothing but what somebody
// waits for in [Mover.Hurry].
//
// A directory is moved after the jobs of all objects directly in it, hence the
// deepest first, and not while a scan could still find such objects.
//
// # Guarantees
//
//   - The source is removed only after a sync of the destination that followed
//     the switch and succeeded, and only if no sync of that backend has failed
//     since the copy began: the kernel tells a write-back error once, and
//     perhaps to another batch.
//   - A failed sync before the switch drops the copies; one after the switch
//     leaves the sources in place and the objects failed.
//   - Whatever goes wrong, the object stays readable and writable, and its
//     status tells why it doesn't move. Retries back off; with nothing due,
//     nothing runs.
//
// # Lock order
//
// Mover.mu guards all state here and is below every lock of the namespace:
// [Mover.Misplaced] and [Mover.MisplacedTree] take it while locks of the
// namespace are held. So with it held the namespace is not called, but for
// Hold and a node's ID, Type and Gone, none of which takes a lock.
// Nodes to be released are collected and released after unlocking. syncer.mu,
// held during a sync, and limiter.mu are never taken together with Mover.mu.
// Mover.admitting is above all locks of the namespace, and taken only by
// workers and scanners.
package move
