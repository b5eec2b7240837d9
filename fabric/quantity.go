package fabric

import (
	"fmt"
	"math/big"
	"regexp"
)

var quantityForm = regexp.MustCompile(`^([0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`)

// canonicalQuantity writes a resource quantity the way a cluster writes it back
// ("1024Mi" becomes "1Gi"), so that what was applied and what is found compare
// equal. It takes whole numbers with an optional suffix; the rule is that of
// k8s.io/apimachinery/pkg/api/resource: the largest suffix of the same family
// that leaves a whole number.
func canonicalQuantity(s string) (string, error) {
	parts := quantityForm.FindStringSubmatch(s)
	if parts == nil {
		return "", fmt.Errorf("quantity %q is not a whole number with an optional suffix", s)
	}
	value, _ := new(big.Int).SetString(parts[1], 10)
	if value.Sign() == 0 {
		return "0", nil
	}
	family, base := []string{"m", "", "k", "M", "G", "T", "P", "E"}, big.NewInt(1000)
	if len(parts[2]) == 2 {
		family, base = []string{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"}, big.NewInt(1024)
	}
	step := 0
	for family[step] != parts[2] {
		step++
	}
	for step < len(family)-1 {
		whole, rest := new(big.Int).QuoRem(value, base, new(big.Int))
		if rest.Sign() != 0 {
			break
		}
		value, step = whole, step+1
	}
	return value.String() + family[step], nil
}
