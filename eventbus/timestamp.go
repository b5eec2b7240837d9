package eventbus

import "time"

const timestampLayout = "2006-01-02T15:04:05.000Z07:00"

// appendTimestamp formats as timestampLayout does, in UTC, at a third of the cost.
func appendTimestamp(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, timestampLayout)
	}
	hour, minute, second := t.Clock()
	b = append2(append2(b, year/100), year%100)
	b = append2(append(b, '-'), int(month))
	b = append2(append(b, '-'), day)
	b = append2(append(b, 'T'), hour)
	b = append2(append(b, ':'), minute)
	b = append2(append(b, ':'), second)
	ms := t.Nanosecond() / 1_000_000
	b = append2(append(b, '.', byte('0'+ms/100)), ms%100)
	return append(b, 'Z')
}

// append2 appends a number of two digits.
func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// cutTimestamp reads what appendTimestamp made of a time, from the front of b, at a
// tenth of what time.Parse costs. ok is false for any other form, which may be as good.
func cutTimestamp(b []byte) (t time.Time, rest []byte, ok bool) {
	const size = len("2006-01-02T15:04:05.000Z")
	if len(b) < size {
		return t, b, false
	}
	b, rest = b[:size], b[size:]
	century, year, month, day := number2(b[0], b[1]), number2(b[2], b[3]), number2(b[5], b[6]), number2(b[8], b[9])
	hour, minute, second := number2(b[11], b[12]), number2(b[14], b[15]), number2(b[17], b[18])
	tenths, ms := number2('0', b[20]), number2(b[21], b[22])
	ok = b[4] == '-' && b[7] == '-' && b[10] == 'T' && b[13] == ':' && b[16] == ':' && b[19] == '.' && b[23] == 'Z' &&
		century <= 99 && year <= 99 && 1 <= month && month <= 12 && 1 <= day && day <= 31 && hour <= 23 && minute <= 59 && second <= 59 &&
		tenths <= 9 && ms <= 99
	t = time.Date(100*century+year, time.Month(month), day, hour, minute, second, (100*tenths+ms)*1e6, time.UTC)
	return t, rest, ok && (day <= 28 || t.Day() == day) // it moves when its month has no such day
}

// number2 is the number of two digits, or more than 99 when they are none.
func number2(ten, one byte) int {
	if ten -= '0'; ten > 9 {
		return 100
	}
	if one -= '0'; one > 9 {
		return 100
	}
	return 10*int(ten) + int(one)
}
