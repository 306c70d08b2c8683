package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// npmFile is where scripts/setup has put a file of a package: npmFile("name-1.2.3/file.js").
func npmFile(name string) (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	path := filepath.Join(cache, "echo-hypermedia-session", "npm", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is missing: run scripts/setup, which fetches it", name)
	}
	return path, nil
}
