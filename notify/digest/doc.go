// Package digest
package digest
