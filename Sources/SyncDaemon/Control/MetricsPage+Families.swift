import ControlProtocol
import Measurements
import ProgressModel
import Spool
import SyncPolicy
import SyncStore
import SystemPackage

extension PrometheusText {
  /// What stands in the queue.
  mutating func addEntries(_ census: QueueCensus, now: Timestamp) {
    let counts = census.counts
    gauge(
      "progress_sync_queue_entries", "Writes in the queue, by state.",
      [
        .init(counts.waiting, .init("state", "waiting")), .init(counts.retrying, .init("state", "retrying")),
        .init(counts.parked, .init("state", "parked")), .init(counts.failed, .init("state", "failed")),
      ])
    let age = census.oldestPendingAt.map { max(.zero, now - $0) } ?? .zero
    gauge(
      "progress_sync_queue_oldest_age_seconds", "Since when the oldest write waits that is still to be delivered; 0 when none is.",
      [.init(age.inSeconds)])
    gauge(
      "progress_sync_last_synced_timestamp_seconds", "When a write was last delivered; 0 before the first.", [.init(counts.lastSyncedAt)])
    let isSuspended = census.isSuspended && census.suspendedUntil.map { now < $0 } ?? true
    gauge("progress_sync_suspended", "Whether a person has asked for nothing to be sent.", [.init(isSuspended)])
  }

  /// What the queue has counted since it was made.
  mutating func addTotals(_ totals: QueueTotals) {
    counter("progress_sync_writes_accepted_total", "Writes that were taken into the queue.", [.init(totals.accepted)])
    counter("progress_sync_writes_delivered_total", "Writes that the API has taken.", [.init(totals.delivered)])
    counter(
      "progress_sync_writes_superseded_total", "Writes in whose place a newer one of their key was sent.", [.init(totals.superseded)])
    counter("progress_sync_writes_discarded_total", "Writes that a person took out of the queue.", [.init(totals.discarded)])
    counter("progress_sync_writes_lost_total", "Writes that a rescue of a damaged queue did not find again.", [.init(totals.lost)])
    counter("progress_sync_writes_refused_total", "How often the API has refused a write for good.", [.init(totals.refused)])
    counter(
      "progress_sync_retries_total", "How often a write was part of an attempt in vain and stayed in the queue, by what the attempt met.",
      [
        .init(totals.deferred, .init("class", "deferred")), .init(totals.throttled, .init("class", "throttled")),
        .init(totals.unreachable, .init("class", "unreachable")), .init(totals.unauthorized, .init("class", "unauthorized")),
        .init(totals.unsupported, .init("class", "unsupported")),
      ])
  }

  /// How the API stands, and how it answers.
  mutating func addAPI(_ instruments: Instruments, now: Timestamp) {
    let readings = instruments.now
    let endpoint = EndpointReport(readings, now: now)
    gauge(
      "progress_sync_endpoint_state", "How the API stands: 1 for the state that it is in.",
      EndpointReport.State.allCases.map { .init($0 == endpoint.state, .init("state", $0.rawValue)) })
    gauge(
      "progress_sync_endpoint_next_probe_timestamp_seconds", "When the API is tried again, or its pause ends; 0 when nothing holds it.",
      [.init(endpoint.nextProbeAt)])
    gauge(
      "progress_sync_accounts", "Users who have, or had, a token of their own, by how the API takes it.",
      [
        .init(readings.users.count - readings.heldUsers.count, .init("state", "open")),
        .init(readings.heldUsers.count, .init("state", "held")),
      ])
    gauge("progress_sync_requests_in_flight", "Requests that wait for their answers.", [.init(endpoint.inFlight)])
    histogram(
      "progress_sync_request_duration_seconds", "From the start of a request to the end of its answer, by what it came to.",
      instruments.requests.map { ([.init("outcome", $0.outcome.rawValue)], $0.times) })
    histogram(
      "progress_sync_delivery_delay_seconds", "From the drop of a file to the answer that delivered a write of it.",
      [([], instruments.deliveryDelay.snapshot)])
  }

  /// What lies in the spool.
  mutating func addSpool(root: FilePath, _ instruments: Instruments) {
    let census = SpoolCensus(root: root)
    let parts = [("incoming", census.incoming), ("claimed", census.claimed), ("rejected", census.rejected)]
    gauge(
      "progress_sync_spool_files", "Files in a part of the spool: dropped, being taken in, refused. Counted up to \(SpoolCensus.limit).",
      parts.compactMap { part, number in number.map { .init($0, .init("part", part)) } })
    counter(
      "progress_sync_files_rejected_total", "Files that were refused since the daemon's start.", [.init(instruments.now.rejectedFiles)])
    histogram(
      "progress_sync_spool_scan_duration_seconds", "How long it takes to list the spool.", [([], instruments.spoolTimes.scan.snapshot)])
    histogram(
      "progress_sync_spool_sync_duration_seconds", "How long the disk takes to make a directory of the spool durable.",
      [([], instruments.spoolTimes.sync.snapshot)])
  }

  /// Who has too much in either.
  mutating func addBounds(_ reached: [ReachedBound]) {
    gauge(
      "progress_sync_users_at_bound", "Users whose further files stay in incoming/, by the bound that they have reached.",
      SenderBounds.Bound.allCases.map { bound in .init(reached.count { $0.bound == bound }, .init("bound", bound.rawValue)) })
  }

  /// What the disk holds, and how fast it is.
  mutating func addDisk(_ files: QueueFiles, commitTime: DurationHistogram, trouble: String?) {
    let sizes = [("database", files.database), ("log", files.log), ("reserve", files.reserve)]
    gauge(
      "progress_sync_queue_file_bytes", "Sizes of the queue's files.", sizes.map { file, size in .init(size, .init("file", file)) })
    gauge("progress_sync_disk_free_bytes", "What the daemon may still fill of the disk with the queue.", [.init(files.free)])
    gauge("progress_sync_storage_trouble", "Whether the spool or the queue cannot be used at present.", [.init(trouble != nil)])
    histogram(
      "progress_sync_queue_commit_duration_seconds", "How long the disk takes to make a change of the queue durable.",
      [([], commitTime.snapshot)])
  }

  /// What Prometheus's own client libraries say of a process: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
  mutating func addProcess(_ process: ProcessReadings, startedAt: Timestamp) {
    func sample(_ number: Int?) -> [Sample] { number.map { [.init($0)] } ?? [] }
    counter(
      "process_cpu_seconds_total", "User and system time that the daemon has used, in seconds.",
      process.cpuSeconds.map { [.init($0)] } ?? [])
    gauge("process_resident_memory_bytes", "Memory that the daemon occupies.", sample(process.residentBytes))
    gauge("process_virtual_memory_bytes", "Address space that the daemon has asked for.", sample(process.virtualBytes))
    gauge("process_open_fds", "File descriptors that are open.", sample(process.openDescriptors))
    gauge("process_max_fds", "File descriptors that may be open at once.", sample(process.maximumDescriptors))
    gauge("process_start_time_seconds", "When the daemon was started, in seconds since 1970.", [.init(startedAt)])
  }
}
