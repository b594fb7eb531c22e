//go:build tools

// Package tools pins the programs that tests start.
package tools

import (
	_ "filippo.io/torchwood/cmd/litewitness"
	_ "github.com/johannesboyne/gofakes3/cmd/gofakes3"
)
