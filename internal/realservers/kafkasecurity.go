package realservers

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// KafkaSecurity is a listener for clients that speak TLS and authenticate, by PLAIN or
// by SCRAM-SHA-512.
type KafkaSecurity struct {
	// Certificate is what the brokers show.
	Certificate tls.Certificate
	// Username and Password are the only ones that are let in.
	Username, Password string
}

// SecureKafka is Kafka with a listener more: see SecureAddrs.
func SecureKafka(t testing.TB, brokers int, security KafkaSecurity) *KafkaBrokers {
	t.Helper()
	return startKafka(t, brokers, &security)
}

// SecureAddrs returns the addresses of the secure listeners.
func (k *KafkaBrokers) SecureAddrs() []string {
	addrs := make([]string, len(k.brokers))
	for i, b := range k.brokers {
		addrs[i] = b.secure
	}
	return addrs
}

// users returns the arguments of StorageTool's format that add the SCRAM user.
func (s *KafkaSecurity) users() []string {
	if s == nil {
		return nil
	}
	return []string{"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", s.Username, s.Password)}
}

const kafkaSecurityProperties = `listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s";
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=%s
`

// properties returns what the broker whose folder it is needs to know of the listener.
func (s *KafkaSecurity) properties(t testing.TB, dir string) string {
	t.Helper()
	if s == nil {
		return ""
	}
	key, err := x509.MarshalPKCS8PrivateKey(s.Certificate.PrivateKey)
	require.NoError(t, err)
	shown := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, certificate := range s.Certificate.Certificate {
		shown = append(shown, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
	}
	keystore := filepath.Join(dir, "keystore.pem")
	require.NoError(t, os.WriteFile(keystore, shown, 0o600))
	return fmt.Sprintf(kafkaSecurityProperties, s.Username, s.Password, keystore)
}
