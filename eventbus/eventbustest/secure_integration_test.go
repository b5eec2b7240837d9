//go:build integration

package eventbustest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/realservers"
)

// authority makes a certificate authority, and returns the certificate that it gave a
// server on loopback, and the configuration of clients that trust it.
func authority(t *testing.T) (server tls.Certificate, client *tls.Config) {
	t.Helper()
	issue := func(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		if by == nil {
			by = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
		require.NoError(t, err)
		issued, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return issued, key
	}
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		}
	}
	root := template(1, "authority")
	root.IsCA, root.KeyUsage = true, x509.KeyUsageCertSign
	root, rootKey := issue(root, root, nil)
	leaf := template(2, "broker")
	leaf.IPAddresses, leaf.KeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf, leafKey := issue(leaf, root, rootKey)
	authorities := x509.NewCertPool()
	authorities.AddCert(root)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: leafKey},
		&tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
}

// TestSecureApacheKafka: who shows the right certificate authority and password publishes
// and consumes; who does not is told that, and where, soon.
func TestSecureApacheKafka(t *testing.T) {
	certificate, client := authority(t)
	_, stranger := authority(t)
	kafka := realservers.SecureKafka(t, 1, realservers.KafkaSecurity{
		Certificate: certificate, Username: "anna", Password: "right",
	})
	brokers := kafka.SecureAddrs()
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-512"} {
		for name, transport := range secured(brokers, access{client, mechanism, "anna", "right"}) {
			t.Run(name+"/"+mechanism, func(t *testing.T) { roundTrip(t, transport, "secure-"+name+"-"+mechanism) })
		}
	}
	for what, a := range map[string]access{
		"wrong password":       {client, "SCRAM-SHA-512", "anna", "wrong"},
		"wrong password plain": {client, "PLAIN", "anna", "wrong"},
		"unknown user":         {client, "SCRAM-SHA-512", "otto", "right"},
		"no password":          {tls: client},
		"unknown authority":    {stranger, "SCRAM-SHA-512", "anna", "right"},
		"no TLS":               {nil, "SCRAM-SHA-512", "anna", "right"},
	} {
		for name, transport := range secured(brokers, a) {
			t.Run(name+"/"+what, func(t *testing.T) {
				_, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
				requireRefused(t, err, brokers[0])
				requireRefused(t, register(transport), brokers[0])
			})
		}
	}
}
