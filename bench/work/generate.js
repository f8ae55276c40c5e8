/**
 * What the generators are compared on. Each at about half of what one core does, so that nothing
 * waits for the target and both sides make one system call a message; what is due within a
 * millisecond goes out together on both. `counter` of generator-target counts the messages.
 */
export const WORKS = {
  sends: {
    title: '256 B sent',
    mode: 'drain',
    counter: 'received',
    bytes: 256,
    rate: 100_000,
    limit: 0.9,
  },
  receives: {
    title: '260 B received',
    mode: 'source',
    counter: 'sent',
    // 5 bytes of frame around it.
    bytes: 255,
    // One upstream message a second from each connection, for the source to know the run.
    rate: 1_000,
    sourceRate: 120_000,
    limit: 0.9,
  },
  echo: {
    title: '64 B sent and received again',
    mode: 'echo',
    counter: 'sent',
    bytes: 64,
    rate: 70_000,
    limit: 0.9,
  },
}

/** `leadS`: seconds of load before it is measured, for compilers and caches to be warm. */
export const FULL = { connections: 1_000, leadS: 3, measureS: 4 }
export const QUICK = { connections: 1_000, leadS: 1, measureS: 1 }
