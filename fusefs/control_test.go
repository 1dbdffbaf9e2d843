package fusefs

import "testing"

func TestVirtualNames(t *testing.T) {
	tests := []struct {
		attr     string
		name     string
		virtual  bool
		reserved bool
	}{
		{"user.seamfs.state", "state", true, true},
		{"seamfs.state", "state", true, true},
		{"seamfs.", "", true, true},
		{"user.seamfs", "", false, false},
		{"user.comment", "", false, false},
		{"user.user.seamfs.state", "", false, false},
		{"trusted.seamfs", "", false, true},
		{"trusted.seamfs.stamp", "", false, true},
		{"trusted.overlay.opaque", "", false, false},
		{"system.posix_acl_access", "", false, false},
	}
	for _, tt := range tests {
		name, ok := virtualName(tt.attr)
		if ok != tt.virtual || ok && name != tt.name {
			t.Errorf("virtualName(%q) = %q, %v, want %q, %v", tt.attr, name, ok, tt.name, tt.virtual)
		}
		if got := reserved(tt.attr); got != tt.reserved {
			t.Errorf("reserved(%q) = %v, want %v", tt.attr, got, tt.reserved)
		}
	}
}
