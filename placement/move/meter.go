package move

import "time"

// meterSpan is over how many seconds a meter averages.
const meterSpan = 10

// meter tells how many bytes each second were copied lately.
type meter struct {
	slots [meterSpan]struct{ second, bytes int64 }
}

func (r *meter) add(now time.Time, bytes int64) {
	s := &r.slots[now.Unix()%meterSpan]
	if s.second != now.Unix() {
		s.second, s.bytes = now.Unix(), 0
	}
	s.bytes += bytes
}

// rate returns bytes per second over the last meterSpan seconds, or since the
// first of them in which anything was copied.
func (r *meter) rate(now time.Time) int64 {
	var sum int64
	first := now.Unix()
	for _, s := range r.slots {
		if s.second > now.Unix()-meterSpan && s.second <= now.Unix() {
			sum += s.bytes
			first = min(first, s.second)
		}
	}
	return sum / (now.Unix() - first + 1)
}
