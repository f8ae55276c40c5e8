/** What a planner knows of a service and of the machines it is to run on. */
export interface PlanInput {
  /** Devices that exist. */
  readonly devices: number
  /** Part of them that is connected at the peak, 0 … 1. */
  readonly onlineShare: number
  readonly heartbeatSeconds: number
  /** To one device each, broadcasts counted by receiver; the mean of a busy hour. */
  readonly pushesPerSecond: number
  /** The busiest second over that mean. */
  readonly peakFactor: number
  readonly messageBytes: number
  /** Part of the pushes that belongs to broadcasts, 0 … 1. */
  readonly broadcastShare: number
  /** In which one broadcast reaches all who are online. */
  readonly broadcastSeconds: number
  readonly qos: 0 | 1
  /** How long a push waits for a device that is offline. */
  readonly storeSeconds: number
  /** Devices that lost their connection come back within this, spread evenly. */
  readonly reconnectSeconds: number
  readonly sites: number
  /** What the rest must carry at the peak: the loss of so many nodes, or of a site too. */
  readonly spareNodes: number
  readonly survive: 'node' | 'site'
  readonly node: NodeHardware
}

export interface NodeHardware {
  readonly memoryBytes: number
  readonly cores: number
  /** Of one direction. */
  readonly nicBitsPerSecond: number
  /** Policy of the operator: how much one machine may take down with it. */
  readonly connectionsMax: number
}
