//go:build tools

// Package tools pins the programs that tests start.
package tools

import _ "github.com/johannesboyne/gofakes3/cmd/gofakes3"
