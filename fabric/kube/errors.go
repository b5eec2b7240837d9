package kube

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/hexplane/hexplane/fabric"
)

// translate tells a client-go error in the port's terms, keeping the server's
// words. What is not understood counts as the cluster being unavailable, so that
// it is tried again.
func (c *Cluster) translate(err error, ref fabric.Ref) error {
	if err == nil {
		return nil
	}
	sentinel := meaning(err)
	if errors.Is(sentinel, fabric.ErrNoKind) {
		c.kinds.forget()
	}
	return fmt.Errorf("%w: %s: %w", sentinel, ref, err)
}

func meaning(err error) error {
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return fabric.ErrTerminating
	case apierrors.IsNotFound(err) && !namesObject(err):
		return fabric.ErrNoKind
	case apierrors.IsNotFound(err):
		return fabric.ErrNotFound
	case apierrors.IsAlreadyExists(err):
		return fabric.ErrExists
	case apierrors.IsConflict(err), aboutUID(err):
		return fabric.ErrConflict
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err),
		apierrors.IsRequestEntityTooLargeError(err), apierrors.IsMethodNotSupported(err),
		apierrors.IsUnsupportedMediaType(err):
		return fabric.ErrInvalid
	case apierrors.IsForbidden(err):
		return fabric.ErrForbidden
	default:
		return fabric.ErrUnavailable
	}
}

// aboutUID tells whether an apply met another object than it was meant for: the
// server then says that the uid it was given cannot be changed.
func aboutUID(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		if cause.Field == "metadata.uid" {
			return true
		}
	}
	return false
}

// namesObject tells whether a 404 is about an object; a server that does not
// serve the kind answers with one that names none.
func namesObject(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	if details == nil {
		return false
	}
	for _, cause := range details.Causes {
		if string(cause.Type) == "UnexpectedServerResponse" {
			return false
		}
	}
	return details.Name != ""
}

// checkPath refuses names that cannot stand in a URL, which the client would
// otherwise refuse with an error of no type.
func checkPath(ref fabric.Ref) error {
	for _, segment := range []string{ref.Namespace, ref.Name} {
		if problems := rest.IsValidPathSegmentName(segment); len(problems) > 0 {
			return fmt.Errorf("%w: %s: name %q %s", fabric.ErrInvalid, ref, segment, problems[0])
		}
	}
	if ref.Name == "" {
		return fmt.Errorf("%w: %s without a name", fabric.ErrInvalid, ref.Kind.Name)
	}
	return nil
}
