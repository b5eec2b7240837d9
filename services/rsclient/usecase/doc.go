// Package usecase is what rsclient does, one type per concern and one method per
// use case. It knows ports only: tables of documents and a starter of tasks.
//
// Everything that concerns one account arrives on one key and is therefore
// handled in order; what is told late or twice changes nothing. A change and the
// events that it causes are one write, so that neither is ever without the other.
package usecase
