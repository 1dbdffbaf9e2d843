// Package cases holds what POSIX and Linux promise about files, as functions
// that take directories and know nothing of seamfs. They run on a plain ext4
// directory first, so that a wrong expectation shows, and then within and
// across the backends of a mount.
//
// One file holds one family of operations. A case finds its directories empty
// and open to all users.
package cases

import (
	"slices"
	"testing"
)

// A Case runs within one directory.
type Case struct {
	Name string
	Run  func(t *testing.T, mnt string)
}

// An Across runs between two directories of one filesystem.
type Across struct {
	Name string
	Run  func(t *testing.T, a, b string)
}

// Within are all cases within one directory.
func Within() []Case {
	return slices.Concat(createCases, dirCases, nodeCases, linkCases, unlinkCases, renameCases, setattrCases, timesCases,
		xattrCases, aclCases, credCases, killprivCases, readdirCases, sparseCases, copyCases, ioCases, mmapCases,
		lockCases, syncCases, statCases, flagCases, trailingCases, nameCases, socketCases,
		openCases, timestampCases, limitCases, allocateCases, mappingCases, directCases, removedCases, xattrLimitCases, listingCases)
}

// Between are all cases between two directories.
func Between() []Across {
	return slices.Concat(moveCases, replaceCases, exchangeCases, openAcrossCases, mergeCases, linkAcrossCases, permAcrossCases, flagAcrossCases,
		renameOrderCases, changesCases, tmpfileCases, inotifyCases, lockingCases)
}
