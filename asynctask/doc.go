// Package asynctask runs durable request/reply tasks over an event bus.
package asynctask
