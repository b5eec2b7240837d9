// Package internal holds what only hexplane itself may import.
package internal
