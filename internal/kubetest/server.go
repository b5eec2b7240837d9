package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// server is the running API server and how to reach it.
type server struct {
	host, ca, token string
	ended           chan error
}

// startServer starts the API server and waits until it is ready.
func startServer(ctx context.Context, dir string, port int, etcd string) (*server, error) {
	s := &server{
		host:  fmt.Sprintf("https://127.0.0.1:%d", port),
		ca:    filepath.Join(dir, "certs", "apiserver.crt"),
		token: rand.Text(),
		ended: make(chan error, 1),
	}
	key, tokens := filepath.Join(dir, "service-account.key"), filepath.Join(dir, "tokens.csv")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	if err := os.WriteFile(tokens, []byte(s.token+",admin,admin,\"system:masters\"\n"), 0o600); err != nil {
		return nil, err
	}
	cmd := app.NewAPIServerCommand()
	cmd.SetArgs([]string{
		"--etcd-servers=http://" + etcd,
		"--cert-dir=" + filepath.Dir(s.ca),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + key,
		"--service-account-key-file=" + key,
		"--token-auth-file=" + tokens,
		"--authorization-mode=RBAC",
		"--disable-admission-plugins=ServiceAccount", // nobody makes tokens for pods here
	})
	go func() { s.ended <- cmd.ExecuteContext(ctx) }()
	return s, s.ready(ctx)
}

// config reaches the server as a user who may do anything, without a rate limit.
func (s *server) config() *rest.Config {
	return &rest.Config{
		Host: s.host, BearerToken: s.token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAFile: s.ca},
	}
}

func (s *server) ready(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-s.ended:
			return false, errors.Join(errors.New("ended while it started"), err)
		default:
		}
		return s.answers(ctx), nil
	})
}

func (s *server) answers(ctx context.Context) bool {
	if _, err := os.Stat(s.ca); err != nil {
		return false
	}
	client, err := kubernetes.NewForConfig(s.config())
	if err != nil {
		return false
	}
	answer, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err == nil && string(answer) == "ok"
}

func (s *server) writeKubeconfig(path string) error {
	out := clientcmdapi.NewConfig()
	out.Clusters["test"] = &clientcmdapi.Cluster{Server: s.host, CertificateAuthority: s.ca}
	out.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: s.token}
	out.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "admin"}
	out.CurrentContext = "test"
	if err := clientcmd.WriteToFile(*out, path+".part"); err != nil {
		return err
	}
	return os.Rename(path+".part", path) // whoever waits for the file finds it whole
}

// writeKey makes the key that signs service accounts' tokens.
func writeKey(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
