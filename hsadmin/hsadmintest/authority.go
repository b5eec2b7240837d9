package hsadmintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/hexplane/hexplane/hsadmin"
)

// lifetime is that of every certificate made here.
const lifetime = 365 * 24 * time.Hour

// Authority is a certificate authority made on the spot. Its key never leaves
// memory, so its certificates are good for as long as the program runs.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority.
func NewAuthority() (*Authority, error) {
	template := newTemplate("hsadmintest authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	a := &Authority{cert: template}
	der, key, err := a.issue(template)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("hsadmintest: authority: %w", err)
	}
	return &Authority{cert: cert, key: key}, nil
}

func newTemplate(name string) *x509.Certificate {
	// rand.Int fails only when the system has no randomness, which ends the
	// program by itself.
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// issue signs a template with the authority's key, or with its own while the
// authority has none.
func (a *Authority) issue(template *x509.Certificate) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("hsadmintest: key: %w", err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), signer)
	if err != nil {
		return nil, nil, fmt.Errorf("hsadmintest: certificate: %w", err)
	}
	return der, key, nil
}

// ServerTLS is the configuration of an HTTPS server with the given host names
// and IP addresses. It verifies client certificates of this authority and lets
// connections without one through, for the [Backend] to refuse.
func (a *Authority) ServerTLS(hosts ...string) (*tls.Config, error) {
	template := newTemplate("hsadmintest backend")
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, key, err := a.issue(template)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{
		MinVersion: tls.VersionTLS12, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}, nil
}

// WriteClient makes a client certificate with the given common name and writes
// it, its key and the authority's certificate into dir, each file replaced at
// once; doing so again rotates the identity. The result names the files.
func (a *Authority) WriteClient(dir, name string) (hsadmin.Credentials, error) {
	template := newTemplate(name)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, key, err := a.issue(template)
	if err != nil {
		return hsadmin.Credentials{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return hsadmin.Credentials{}, fmt.Errorf("hsadmintest: key: %w", err)
	}
	files := hsadmin.Credentials{
		CertFile: filepath.Join(dir, "client.crt"), KeyFile: filepath.Join(dir, "client.key"), CAFile: filepath.Join(dir, "ca.crt"),
	}
	for _, file := range []struct {
		name, kind string
		der        []byte
	}{{files.CAFile, "CERTIFICATE", a.cert.Raw}, {files.KeyFile, "PRIVATE KEY", private}, {files.CertFile, "CERTIFICATE", der}} {
		if err := replaceFile(file.name, pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der})); err != nil {
			return hsadmin.Credentials{}, err
		}
	}
	return files, nil
}

func replaceFile(name string, data []byte) error {
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		return fmt.Errorf("hsadmintest: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("hsadmintest: %w", err)
	}
	return nil
}
