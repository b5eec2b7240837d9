package asynctask

// FailurePolicy says whether a step whose requests are all answered may count
// as done, given how many requests there were and how many of them failed or
// were cancelled.
type FailurePolicy func(total, failed int64) bool

// AllSucceed accepts no failure. It is the default.
func AllSucceed() FailurePolicy { return AtMost(0) }

// AnySucceeds accepts a step with at least one success, or without requests.
func AnySucceeds() FailurePolicy {
	return func(total, failed int64) bool { return total == 0 || failed < total }
}

// AtMost accepts up to n failures.
func AtMost(n int64) FailurePolicy {
	return func(_, failed int64) bool { return failed <= n }
}

// AtMostPercent accepts failures of up to p percent of the requests; with 100
// failures never fail the task.
func AtMostPercent(p float64) FailurePolicy {
	// 0.57 percent of 10,000 are 57, though the product is a little less.
	const rounding = 1 + 1e-12
	return func(total, failed int64) bool { return float64(failed)*100 <= p*float64(total)*rounding }
}
