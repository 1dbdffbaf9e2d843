package fusefs

import (
	"fmt"
	"sync/atomic"
)

// maxOpcode bounds the opcodes that are counted singly.
const maxOpcode = 64

// opForget is the opcode of FORGET, whose handler sees no header.
const opForget = 2

// opReadDirPlus is the opcode of READDIRPLUS.
const opReadDirPlus = 44

// counters count requests by opcode.
type counters [maxOpcode]atomic.Uint64

func (c *counters) add(opcode uint32) {
	if opcode < maxOpcode {
		c[opcode].Add(1)
	}
}

// byName returns the counts that aren't 0.
func (c *counters) byName() map[string]uint64 {
	m := make(map[string]uint64)
	for op := range c {
		if n := c[op].Load(); n > 0 {
			m[opcodeName(uint32(op))] = n
		}
	}
	return m
}

// opcodeName returns the name that linux/fuse.h gives an opcode.
func opcodeName(opcode uint32) string {
	names := [maxOpcode]string{
		1: "LOOKUP", opForget: "FORGET", 3: "GETATTR", 4: "SETATTR", 5: "READLINK",
		6: "SYMLINK", 8: "MKNOD", 9: "MKDIR", 10: "UNLINK", 11: "RMDIR", 12: "RENAME",
		13: "LINK", 14: "OPEN", 15: "READ", 16: "WRITE", 17: "STATFS", 18: "RELEASE",
		20: "FSYNC", 21: "SETXATTR", 22: "GETXATTR", 23: "LISTXATTR", 24: "REMOVEXATTR",
		25: "FLUSH", 27: "OPENDIR", 28: "READDIR", 29: "RELEASEDIR", 30: "FSYNCDIR",
		31: "GETLK", 32: "SETLK", 33: "SETLKW", 34: "ACCESS", 35: "CREATE", 39: "IOCTL",
		43: "FALLOCATE", opReadDirPlus: "READDIRPLUS", 45: "RENAME2", 46: "LSEEK",
		47: "COPY_FILE_RANGE", 51: "TMPFILE", 52: "STATX",
	}
	if opcode < maxOpcode && names[opcode] != "" {
		return names[opcode]
	}
	return fmt.Sprintf("OPCODE_%d", opcode)
}
