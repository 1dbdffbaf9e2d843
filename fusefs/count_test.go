package fusefs

import (
	"maps"
	"testing"
)

func TestCounters(t *testing.T) {
	var c counters
	for _, op := range []uint32{1, 45, 1, 63, maxOpcode, 1 << 31} {
		c.add(op)
	}
	want := map[string]uint64{"LOOKUP": 2, "RENAME2": 1, "OPCODE_63": 1}
	if got := c.byName(); !maps.Equal(got, want) {
		t.Errorf("byName() = %v, want %v", got, want)
	}
}
