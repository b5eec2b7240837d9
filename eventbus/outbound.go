package eventbus

// maxOutbound bounds dead letters and retries: the broker's usual limit of
// 1 MiB, less what a batch adds.
const maxOutbound = 1_030_000

// outbound returns the publisher of dead letters and retries, made on first use.
func (c *Consumer) outbound() (RecordPublisher, error) {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if c.out == nil {
		pub, err := c.transport.Publisher(ProducerConfig{
			Tag: c.cfg.Tag + "-dead-letters", Logger: c.cfg.Logger, MaxBytes: maxOutbound,
		}.WithDefaults())
		if err != nil {
			return nil, err
		}
		c.out = pub
	}
	return recordPublisher(c.out), nil
}

func (c *Consumer) closeOutbound() error {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if c.out == nil {
		return nil
	}
	return c.out.Close()
}
