import APIClient
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import Spool
import SyncDaemon
import SystemEvents
import SystemPackage

/// All the looking that a doctor does; what it means is said by `Patient`.
struct Examination {
  let patient: Patient
  let service: Service
  /// That of the service without a configuration file.
  private let usualSocket: FilePath
  private let unit: UnitFindings
  let now: @Sendable () -> Timestamp

  init(of service: Service, usualSocket: FilePath, now: @escaping @Sendable () -> Timestamp) async {
    (self.service, self.usualSocket, self.now) = (service, usualSocket, now)
    unit = await UnitFindings(of: service)
    var patient = service.patient
    patient.sandbox = Sandbox(unit)
    self.patient = patient
  }

  /// What is found on this machine, in the order in which it is found.
  func local(_ tell: ([Diagnosis]) throws -> Void) async throws -> DaemonAnswer {
    let presence = service.files.presence.completed(by: unit)
    let answer = await DaemonAnswer(asking: service)
    var status: StatusReport?
    if case .status(let report) = answer { status = report }
    try tell(patient.diagnoseDaemon(answer, presence: presence, now: now()))
    try tell(patient.diagnoseUnit(unit))
    let isSocketThere = patient.configuration.control.socket.exists
    let usual = usualSocket.exists && usualSocket != patient.configuration.control.socket ? usualSocket : nil
    try tell(patient.diagnoseControl(answer, presence: presence, isSocketThere: isSocketThere, usual: usual))
    let submissionObstacle = service.spoolWriter.rehearseSubmission()
    let spool = spool(submissionObstacle)
    let daemonUser = daemonUser
    try tell(patient.diagnoseConfiguration(await configuration(daemonUser: daemonUser)))
    try tell(patient.diagnoseSpool(spool))
    try tell([patient.diagnoseSubmission(submissionObstacle, presence: presence)])
    try tell(patient.diagnoseState(DirectoryFindings(patient.configuration.state.directory), daemonUser: daemonUser))
    let directories = [patient.configuration.state.directory, patient.configuration.spool.directory]
    try tell(patient.diagnoseSpace(directories.compactMap(SpaceFindings.init)))
    try tell(patient.diagnoseInotify(InotifyUsage(ofUser: daemonUser ?? geteuid()), isWatched: status?.spool?.isWatched))
    try tell(patient.diagnoseQueue(answer, now: now()))
    return answer
  }

  /// What is found at the other end of the network.
  func remote(_ answer: DaemonAnswer) async -> [Diagnosis] {
    var (endpoint, accounts): (EndpointReport?, [AccountReport]) = (nil, [])
    if case .status(let status) = answer { (endpoint, accounts) = (status.endpoint, status.accounts) }
    let token = token()
    guard let found = await askAPI(token) else {
      return patient.diagnoseClock(ClockFindings(now: now(), isSynchronized: ClockSynchronization.isSynchronized))
    }
    var clock = ClockFindings(now: now(), isSynchronized: ClockSynchronization.isSynchronized)
    if case .success(let answer)? = found.answer, let date = answer.date.flatMap(Timestamp.init(httpDate:)) { clock.server = (date, now()) }
    let users = await userTokens(asking: found)
    return patient.diagnoseClock(clock) + patient.diagnoseName(found) + patient.diagnoseTLS(found, now: now())
      + patient.diagnoseToken(token, found, endpoint: endpoint, daemonUser: daemonUser)
      + patient.diagnoseUserTokens(users, answersAnybody: found.isForAnybody, accounts: accounts, daemonUser: daemonUser)
      + patient.diagnoseAPI(found, endpoint: endpoint)
  }

  /// Whom `incoming/` belongs to; where there is none, whom the system's unit names. nil where neither can be seen.
  private var daemonUser: UInt32? {
    let incoming = SpoolInspection(root: patient.configuration.spool.directory).incoming
    guard incoming.problem == nil else { return isSystemUnit ? UserName.user(named: Patient.unitUser) : nil }
    return incoming.owner
  }

  private var isSystemUnit: Bool { patient.kind == .system && !patient.isNamed }

  /// Tokens are looked at apart, and what the caller may not read is left to those who may.
  private func configuration(daemonUser: UInt32?) async -> ConfigurationFindings {
    var configuration = patient.configuration
    let files = [service.file, configuration.api.caFile, configuration.api.tokenFile].compactMap { $0 }
    if let file = configuration.api.caFile, file.withPlatformString({ access($0, R_OK) }) != 0, errno == EACCES {
      configuration.api.caFile = nil
    }
    var found = ConfigurationFindings(daemonUser: daemonUser)
    do {
      try await configuration.check(withTokens: false)
    } catch {
      found.fault = "\(error)"
    }
    if let daemonUser {
      for place in files.filter({ patient.sandbox.place(hiding: $0) == nil }).flatMap({ GuardedPath.obstacles(to: $0, of: daemonUser) })
      where !found.closed.contains(place) {
        found.closed.append(place)
      }
    }
    return found
  }

  private func spool(_ submissionObstacle: SubmissionObstacle?) -> SpoolFindings {
    let root = patient.configuration.spool.directory
    var found = SpoolFindings(places: SpoolInspection(root: root))
    found.hasOtherWay = submissionObstacle == nil
    do throws(SpoolWriteError) {
      try service.spoolWriter.rehearse()
    } catch {
      found.dropFailure = error
    }
    let groups = [found.places.incoming.group] + (found.places.incoming.access?.groups(allowed: 0) ?? [])
    for group in groups {
      if let entry = getgrgid(group) { found.groupNames[group] = String(cString: entry.pointee.gr_name) }
    }
    return found
  }

  private func token() -> TokenFindings {
    let credential = UserTokenPlace.commonCredentialSource
    guard let path = patient.configuration.api.tokenFile ?? (isSystemUnit && credential.exists ? credential : nil) else { return .none }
    let (permissions, owner): (UInt32, UInt32)
    do throws(Errno) {
      let status = try path.stat()
      (permissions, owner) = (status.permissions.rawValue, status.userID.rawValue)
    } catch {
      return error == .permissionDenied ? .hidden(path) : .unusable(path, reason: "cannot be read: \(error)")
    }
    guard path.withPlatformString({ access($0, R_OK) }) == 0 else { return .hidden(path) }
    do throws(TokenFileError) {
      _ = try BearerToken(file: path)
    } catch {
      return .unusable(path, reason: error.text)
    }
    return .readable(path, permissions: permissions, owner: owner)
  }

  /// Looks at the tokens of users, and has the API, where it answers at all, say of each whether it accepts it.
  private func userTokens(asking found: APIFindings) async -> UserTokensFindings {
    let source = UserTokenPlace.credentialSource
    guard let directory = patient.configuration.api.userTokens ?? (isSystemUnit && source.exists ? source : nil) else {
      return UserTokensFindings()
    }
    guard !directory.isClosedDirectory else { return UserTokensFindings(directory: directory, isHidden: true) }
    // A directory that cannot be listed is told of by the other reading of it.
    let credentials = directory == source ? try? TokenCredentials(in: source) : nil
    let tokens = credentials.map { UserTokens(files: $0.files.map { ($0.name, $0.path) }) } ?? UserTokens(in: directory)
    var users = UserTokensFindings(directory: directory, problems: tokens.problems, credentials: credentials)
    for (user, entry) in tokens.entries.sorted(by: { $0.key < $1.key }) {
      guard let token = entry.token.token else { continue }
      // What is gone by now has no permissions.
      let status = try? entry.file.stat()
      var finding = UserTokensFindings.User(
        user: user, name: "\(UserName(user))", file: entry.file, permissions: status?.permissions.rawValue,
        owner: status?.userID.rawValue ?? 0)
      if case .success? = found.answer { finding.answer = await answer(to: token) }
      users.users.append(finding)
    }
    return users
  }

  private func answer(to token: BearerToken) async -> Result<APIProbe.Answer, APIProbe.Failure>? {
    var configuration = patient.configuration
    configuration.api.tokenFile = nil
    configuration.api.requestTimeout = min(configuration.api.requestTimeout, Self.patience)
    guard var settings = try? configuration.clientSettings(), let program = ProgramID("progress-sync-doctor") else { return nil }
    settings.token = token
    let now = now
    // A client that cannot be made has been told of for the common token, or it would travel in clear text.
    return try? await APIProbe.with(settings, version: Daemon.version) { probe in
      await Self.result { () async throws(APIProbe.Failure) in try await probe.progress(of: program, now: now) }
    }
  }

  /// nil when the URL is none.
  private func askAPI(_ token: TokenFindings) async -> APIFindings? {
    var configuration = patient.configuration
    // What the unit loads as a credential is a file here; what the caller may not read is left out.
    switch token {
    case .readable(let path, _, _): configuration.api.tokenFile = path
    case .none, .hidden, .unusable: configuration.api.tokenFile = nil
    }
    configuration.api.requestTimeout = min(configuration.api.requestTimeout, Self.patience)
    guard let url = try? APIBaseURL(configuration.api.baseURL) else { return nil }
    var found = APIFindings(url: url, hasToken: configuration.api.tokenFile != nil)
    let (settings, now) = (try? configuration.clientSettings(), now)
    async let addresses = Self.addresses(of: url.host)
    if let settings, let program = ProgramID("progress-sync-doctor") {
      let answers = try? await APIProbe.with(settings, version: Daemon.version) { probe in
        async let expiry = probe.certificatesExpireAt()
        return (await Self.result { () async throws(APIProbe.Failure) in try await probe.progress(of: program, now: now) }, await expiry)
      }
      (found.answer, found.certificatesExpireAt) = (answers?.0, answers?.1)
      if found.hasToken, case .success(let answer)? = found.answer, answer.kind == .progressAPI {
        configuration.api.tokenFile = nil
        found.answersAnybody = await answersAnybody(configuration, about: program)
      }
    }
    found.addresses = await addresses
    return found
  }

  /// Whether a progress API answers the question of somebody without a token; nil where it says neither.
  private func answersAnybody(_ configuration: Configuration, about program: ProgramID) async -> Bool? {
    guard let settings = try? configuration.clientSettings() else { return nil }
    let now = now
    let answer = try? await APIProbe.with(settings, version: Daemon.version) { try await $0.progress(of: program, now: now) }
    return switch answer?.kind {
    case .progressAPI?: true
    case .refusal?: false
    case .pause?, .failing?, .redirect?, .webPage?, .noSuchCall?, .somethingElse?, nil: nil
    }
  }

  private static let patience = Duration.seconds(5)

  private static func addresses(of host: String) async -> Result<[String], APIProbe.Failure>? {
    var address = in6_addr()
    guard inet_pton(AF_INET, host, &address) != 1, inet_pton(AF_INET6, host, &address) != 1 else { return nil }
    return await result { () async throws(APIProbe.Failure) in try await APIProbe.addresses(of: host, within: patience) }
  }

  private static func result<Value>(_ body: () async throws(APIProbe.Failure) -> Value) async -> Result<Value, APIProbe.Failure> {
    do throws(APIProbe.Failure) {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }
}
