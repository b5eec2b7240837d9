// Package domain holds what rsclient knows and decides: its own copies of
// accounts, users and devices, an internet provider's settings, and how the
// configuration of one device follows from them. It is pure: nothing here reads
// a store or a clock.
package domain
