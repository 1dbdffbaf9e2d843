package backend

// Descriptor is implemented by Files and Refs that stand for a descriptor of
// this process, for calls that take one: registering a passthrough file,
// leases, ioctls. It stays valid until Close; -1 if there is none.
type Descriptor interface{ Descriptor() int }

// HandleBirther is implemented by Refs that can tell the birth that an object
// would have on the backend with UUID u on the same filesystem, which is the
// one that it gets by a rename from one to the other.
type HandleBirther interface {
	HandleBirth(name string, u UUID) (Birth, error)
}
