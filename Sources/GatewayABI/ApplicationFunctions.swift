// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import CAPR
internal import GatewayCore
internal import Platform
internal import SharedStatus
internal import Supervision

/// See include/gateway.h.
@_cdecl("gateway_application_check")
public func gatewayApplicationCheck(
    _ options: UnsafePointer<gateway_application_options>?,
    _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> gateway_status {
    guard options != nil, let given = gateway_application_options(reading: options),
        given.flags == 0, capacity >= 0, message != nil || capacity == 0
    else { return .GATEWAY_ERR_INVALID }
    do throws(SettingError) {
        _ = try ApplicationDefinition(given)
        return .GATEWAY_OK
    } catch {
        let text = Array(error.text.utf8CString.dropLast().prefix(max(0, capacity - 1))) + [0]
        if let message, capacity > 0 { message.update(from: text, count: text.count) }
        return .GATEWAY_ERR_INVALID
    }
}

/// See include/gateway.h.
@_cdecl("gateway_application_open")
public func gatewayApplicationOpen(
    _ gateway: OpaquePointer?, _ options: UnsafePointer<gateway_application_options>?,
    _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let gateway = Handle<Gateway>.object(gateway, kind: .gateway), options != nil,
        let given = gateway_application_options(reading: options), given.flags == 0,
        let name = given.name, let opened
    else { return .GATEWAY_ERR_INVALID }
    do throws(Application.Refusal) {
        let application = try Application(given, name: String(cString: name), gateway: gateway)
        opened.pointee = Handle(application, kind: .application).pointer
        return .GATEWAY_OK
    } catch {
        return error.status(told: gateway, of: String(cString: name))
    }
}

/// See include/gateway.h.
@_cdecl("gateway_application_close")
public func gatewayApplicationClose(_ application: OpaquePointer?) {
    Handle<Application>.close(application, kind: .application)?.stop()
}

/// See include/gateway.h.
@_cdecl("gateway_application_backend")
public func gatewayApplicationBackend(
    _ application: OpaquePointer?, _ options: UnsafePointer<gateway_backend_options>?,
    _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application),
        let given = gateway_backend_options(reading: options),
        var options = BackendOptions(given), let opened
    else { return .GATEWAY_ERR_INVALID }
    let settings = application.scoreboard.settings
    if given.queue_timeout_ms == 0 { options.timeouts.queue = settings.queueTimeout }
    if given.send_timeout_ms == 0 { options.timeouts.send = settings.requestTimeout }
    if given.head_timeout_ms == 0 { options.timeouts.head = settings.requestTimeout }
    if given.read_timeout_ms == 0 { options.timeouts.read = settings.requestTimeout }
    opened.pointee = Handle(application.backend(options), kind: .backend).pointer
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_application_define")
public func gatewayApplicationDefine(
    _ application: OpaquePointer?, _ options: UnsafePointer<gateway_application_options>?
) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application),
        options != nil, let given = gateway_application_options(reading: options),
        given.flags == 0, given.command != nil
    else { return .GATEWAY_ERR_INVALID }
    do throws(SettingError) {
        let definition = try ApplicationDefinition(given)
        guard definition.name == application.name else { return .GATEWAY_ERR_INVALID }
        return application.change { application throws(Application.Refusal) in
            _ = try application.define(definition, words: given.words)
        }
    } catch {
        return Application.Refusal.definition(error)
            .status(told: application.gateway, of: application.name)
    }
}

/// See include/gateway.h.
@_cdecl("gateway_application_reload")
public func gatewayApplicationReload(
    _ application: OpaquePointer?, _ timeout: UInt32
) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application),
        timeout <= Timeouts.longest
    else { return .GATEWAY_ERR_INVALID }
    return application.change { application throws(Application.Refusal) in
        try application.reload(within: timeout)
    }
}

/// See include/gateway.h.
@_cdecl("gateway_application_maintain")
public func gatewayApplicationMaintain(_ application: OpaquePointer?) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application) else {
        return .GATEWAY_ERR_INVALID
    }
    return application.change { application throws(Application.Refusal) in
        _ = try application.maintain()
    }
}

/// See include/gateway.h.
@_cdecl("gateway_application_supervisor")
public func gatewayApplicationSupervisor(
    _ application: OpaquePointer?, _ process: UnsafeMutablePointer<Int32>?
) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application),
        let process
    else { return .GATEWAY_ERR_INVALID }
    process.pointee = application.supervisor ?? 0
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_application_process")
public func gatewayApplicationProcess(
    _ application: OpaquePointer?, _ slot: UInt32, _ process: UnsafeMutablePointer<gateway_process>?
) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application),
        Int(slot) < Scoreboard.slotRoom, gateway_process.isWritable(process)
    else { return .GATEWAY_ERR_INVALID }
    guard let shown = application.scoreboard.process(Int(slot)) else { return .GATEWAY_AGAIN }
    gateway_process(shown, now: .now).write(to: process)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_application_stats")
public func gatewayApplicationStats(
    _ application: OpaquePointer?, _ stats: UnsafeMutablePointer<gateway_stats>?
) -> gateway_status {
    guard let application = Handle<Application>.object(application, kind: .application),
        gateway_stats.isWritable(stats)
    else { return .GATEWAY_ERR_INVALID }
    var now = gateway_stats()
    now.active = UInt64(application.scoreboard.activeCount)
    now.queued = UInt64(application.scoreboard.waitingCount)
    now.write(to: stats)
    return .GATEWAY_OK
}

extension gateway_application_options: SizedStruct {}
extension gateway_process: SizedStruct {}

extension gateway_application_options {
    /// The definition as a supervisor is given it.
    fileprivate var words: [String] {
        strings(settings) + ["--"] + strings(command)
    }
}

extension ApplicationDefinition {
    fileprivate init(_ given: gateway_application_options) throws(SettingError) {
        let name = given.name.map { String(cString: $0) } ?? ""
        guard given.command != nil else {
            // Attached to: there is nothing else to be right or wrong.
            try self.init(name: name)
            return
        }
        try self.init(name: name, words: given.words)
    }
}

extension Application {
    fileprivate convenience init(
        _ given: gateway_application_options, name: String, gateway: Gateway
    ) throws(Refusal) {
        let definition: ApplicationDefinition
        do throws(SettingError) {
            definition = try ApplicationDefinition(given)
        } catch {
            throw .definition(error)
        }
        let directory = RuntimeDirectory(
            base: given.runtime_directory.map { String(cString: $0) }, name: definition.name)
        guard given.command != nil else {
            try self.init(attachingTo: name, in: directory, gateway: gateway)
            return
        }
        let library = capr_library_file().map { String(cString: $0) } ?? ""
        let launcher = SupervisorLauncher(
            program: given.supervisor.map { String(cString: $0) }
                ?? SupervisorLauncher.usualProgram(of: library),
            name: definition.name, directory: directory,
            client: given.client.map { String(cString: $0) },
            logDescriptor: given.log_descriptor == 0 ? -1 : given.log_descriptor)
        try self.init(definition, words: given.words, launcher: launcher, gateway: gateway)
    }

    fileprivate func change(_ body: (Application) throws(Refusal) -> Void) -> gateway_status {
        do throws(Refusal) {
            try body(self)
            return .GATEWAY_OK
        } catch {
            return error.status(told: gateway, of: name)
        }
    }
}

extension Application.Refusal {
    fileprivate func status(told gateway: Gateway, of name: String) -> gateway_status {
        gateway.log.write(.error, tag: "GW0011", "application \(name): \(text)")
        switch self {
        case .definition: return .GATEWAY_ERR_INVALID
        case .directory, .supervisor, .control, .refused, .address: return .GATEWAY_ERR_SYSTEM
        }
    }
}

extension gateway_process {
    fileprivate init(_ shown: Scoreboard.Process, now: MonotonicTime) {
        self.init()
        process = shown.process
        state = gateway_process_state(rawValue: shown.state.rawValue) ?? .GATEWAY_PROCESS_STARTING
        generation = shown.generation
        served = shown.served
        active = UInt32(clamping: shown.active)
        memory = shown.memory
        age_ms = now.microseconds(since: shown.started) / 1_000
        busy_ms = shown.busySince.map { now.microseconds(since: $0) / 1_000 } ?? 0
        withUnsafeMutableBytes(of: &request) { room in
            room.copyBytes(from: shown.request.utf8.prefix(room.count - 1))
        }
    }
}

/// Strings of C, of which the last is NULL.
private func strings(_ first: UnsafePointer<UnsafePointer<CChar>?>?) -> [String] {
    var strings: [String] = []
    var next = first
    while let string = next?.pointee, strings.count < 4_096 {
        strings.append(String(cString: string))
        next = next?.advanced(by: 1)
    }
    return strings
}
