package franzbus

import "slices"

// laneSet finds lanes by the hash of their key. There are few, unless handlers take
// their time: to look through them all costs less than to keep a map of them would.
type laneSet struct {
	hashes []uint64
	lanes  []*lane
}

// find returns nil when there is none.
func (s *laneSet) find(hash uint64) *lane {
	if i := slices.Index(s.hashes, hash); i >= 0 {
		return s.lanes[i]
	}
	return nil
}

func (s *laneSet) add(l *lane) {
	l.at = len(s.lanes)
	s.hashes, s.lanes = append(s.hashes, l.hash), append(s.lanes, l)
}

// remove puts the last in the place of one that is in the set.
func (s *laneSet) remove(l *lane) {
	end := len(s.lanes) - 1
	if last := s.lanes[end]; last != l {
		s.hashes[l.at], s.lanes[l.at], last.at = last.hash, last, l.at
	}
	s.lanes[end] = nil
	s.hashes, s.lanes = s.hashes[:end], s.lanes[:end]
}
