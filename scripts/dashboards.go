// Reads Grafana dashboards as strictly as Grafana's own SDK can: an unknown field, one of the
// wrong type, or a missing one is an error. Run by scripts/compat.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	failed := false
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		if err == nil {
			err = new(dashboard.Dashboard).UnmarshalJSONStrict(text)
		}
		// Without a problem the SDK returns an empty list of them, which is not nil.
		if err != nil && err.Error() != "" {
			failed = true
			fmt.Fprintf(os.Stderr, "%s:\n%v\n", path, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}
