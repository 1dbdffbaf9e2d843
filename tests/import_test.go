package tests

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/seamfs/seamfs/"

// mayImport says for each layer which others it may import; a layer is a
// prefix of package paths, the longest one counts.
var mayImport = map[string][]string{
	"cmd":            {"cmd", "fusefs", "placement", "backend"},
	"fusefs":         {"fusefs", "placement", "backend"},
	"fusefs/ctl":     {"fusefs/ctl", "placement", "backend"},
	"placement":      {"placement", "backend"},
	"placement/move": {"placement/move", "placement", "backend"},
	"backend":        {"backend"},
	"tests/check":    {"tests/check"},
	"tests/cases":    {"tests/cases", "tests/check"},
	"tests/harness":  {"tests/harness", "tests/check", "backend/backendtest"},
	"tests":          {"tests"},
}

func layer(pkg string) string {
	best := ""
	for l := range mayImport {
		if (pkg == l || strings.HasPrefix(pkg, l+"/")) && len(l) > len(best) {
			best = l
		}
	}
	return best
}

// TestImportsRunDownwards: cmd → fusefs → placement → backend, and go-fuse in
// fusefs, cmd and tests alone. Imports of test files count for the latter.
func TestImportsRunDownwards(t *testing.T) {
	format := `{{.ImportPath}}|{{join .Imports " "}}|{{join .TestImports " "}} {{join .XTestImports " "}}`
	out, err := exec.Command("go", "list", "-f", format, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		pkg := strings.TrimPrefix(f[0], module)
		l := layer(pkg)
		if l == "" {
			t.Errorf("package %s belongs to no layer", pkg)
			continue
		}
		seen++
		for _, imp := range strings.Fields(f[1]) {
			checkImport(t, pkg, l, imp)
		}
		for _, imp := range strings.Fields(f[2]) {
			checkFuse(t, pkg, imp)
		}
	}
	if seen < 5 {
		t.Fatalf("only %d packages seen", seen)
	}
}

func checkImport(t *testing.T, pkg, l, imp string) {
	checkFuse(t, pkg, imp)
	rel, ours := strings.CutPrefix(imp, module)
	if !ours {
		return
	}
	for _, allowed := range mayImport[l] {
		if rel == allowed || strings.HasPrefix(rel, allowed+"/") {
			return
		}
	}
	t.Errorf("%s imports %s", pkg, rel)
}

func checkFuse(t *testing.T, pkg, imp string) {
	if !strings.HasPrefix(imp, "github.com/hanwen/go-fuse/") {
		return
	}
	for _, may := range []string{"fusefs", "cmd", "tests"} {
		if strings.HasPrefix(pkg+"/", may+"/") {
			return
		}
	}
	t.Errorf("%s imports %s", pkg, imp)
}

// TestShippedCodeHasNoTestCode: what is built into the binary contains nothing
// that only tests use.
func TestShippedCodeHasNoTestCode(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"cmd/seamfs").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dep := range strings.Lines(string(out)) {
		dep = strings.TrimSpace(dep)
		if dep == "testing" || strings.HasPrefix(dep, module+"tests") || strings.HasPrefix(dep, module+"backend/backendtest") {
			t.Errorf("the binary contains %s", dep)
		}
	}
}
