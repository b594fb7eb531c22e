// Reads a published log as a stranger would, with the libraries of the Go checksum database and of
// transparency-dev/merkle. Nothing here is shared with Assent but the specifications.
//
//	foreign log DIR VKEY             signature, all tiles, all entries, some proofs of both libraries
//	foreign proof FILE VKEY          a c2sp.org/tlog-proof
//	foreign extends FILE             old size and root, new size and root, consistency proof
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// dir serves tiles from a directory to tlog.TileHashReader, which checks them against the tree.
type dir string

func (d dir) Height() int { return height }

func (d dir) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (d dir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(d), name(tile)))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// name turns tile/8/L/N of the checksum database into tile/L/N of c2sp.org/tlog-tiles.
func name(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

func open(text []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("no checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func entries(root string, first, size int64) ([][]byte, error) {
	width := min(256, size-first)
	tile := tlog.Tile{H: height, L: -1, N: first / 256, W: int(width)}
	path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s is cut", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		found = append(found, data[2:end])
		data = data[end:]
	}
	if int64(len(found)) != width {
		return nil, fmt.Errorf("%s holds %d entries, expected %d", path, len(found), width)
	}
	return found, nil
}

func checkLog(root, vkey string) error {
	text, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(text, vkey)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, dir(root))
	for first := int64(0); first < tree.N; first += 256 {
		leaves, err := entries(root, first, tree.N)
		if err != nil {
			return err
		}
		indexes := make([]int64, len(leaves))
		for at := range leaves {
			indexes[at] = tlog.StoredHashIndex(0, first+int64(at))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for at, leaf := range leaves {
			if tlog.RecordHash(leaf) != hashes[at] {
				return fmt.Errorf("leaf %d is not the one in the tree", first+int64(at))
			}
		}
		if err := included(tree, reader, first, leaves[0]); err != nil {
			return err
		}
	}
	for old := int64(1); old <= tree.N; old = old*2 + 1 {
		if err := extended(tree, reader, old); err != nil {
			return err
		}
	}
	fmt.Printf("%d leaves\n", tree.N)
	return nil
}

func included(tree tlog.Tree, reader tlog.HashReader, index int64, leaf []byte) error {
	path, err := tlog.ProveRecord(tree.N, index, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	var plain [][]byte
	for _, hash := range path {
		plain = append(plain, hash[:])
	}
	hasher := rfc6962.DefaultHasher
	return proof.VerifyInclusion(hasher, uint64(index), uint64(tree.N), hasher.HashLeaf(leaf), plain, tree.Hash[:])
}

func extended(tree tlog.Tree, reader tlog.HashReader, old int64) error {
	root, err := tlog.TreeHash(old, reader)
	if err != nil {
		return err
	}
	path, err := tlog.ProveTree(tree.N, old, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, tree.N, tree.Hash, old, root)
}

// checkProof reads a c2sp.org/tlog-proof whose extra line is the leaf.
func checkProof(file, vkey string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, checkpoint, _ := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no tlog-proof")
	}
	leaf, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	var plain [][]byte
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		path, plain = append(path, hash), append(plain, hash[:])
	}
	tree, err := open(checkpoint, vkey)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	hasher := rfc6962.DefaultHasher
	return proof.VerifyInclusion(hasher, uint64(index), uint64(tree.N), hasher.HashLeaf(leaf), plain, tree.Hash[:])
}

// checkExtension reads old size and root, new size and root, and the path, from lines of a file.
func checkExtension(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := strings.Fields(string(data))
	old, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(lines[2], 10, 64)
	if err != nil {
		return err
	}
	var hashes []tlog.Hash
	var plain [][]byte
	for _, line := range append([]string{lines[1], lines[3]}, lines[4:]...) {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		hashes, plain = append(hashes, hash), append(plain, hash[:])
	}
	if err := tlog.CheckTree(hashes[2:], size, hashes[1], old, hashes[0]); err != nil {
		return err
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(old), uint64(size), plain[2:], plain[0], plain[1])
}

func main() {
	err := errors.New("usage: foreign log DIR VKEY | proof FILE VKEY | extends FILE")
	switch {
	case len(os.Args) == 4 && os.Args[1] == "log":
		err = checkLog(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "proof":
		err = checkProof(os.Args[2], os.Args[3])
	case len(os.Args) == 3 && os.Args[1] == "extends":
		err = checkExtension(os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
