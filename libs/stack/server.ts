/** One server as a local process: how it is set up, started, and known to serve. Definitions: kafka-server.ts and its neighbours. */
export type ServerName = 'kafka' | 'registry' | 'store'

/** Ports of one server on 127.0.0.1, by what they are for. The first one named is where clients connect. */
export type Ports = Readonly<Record<string, number>>

/** What a definition may know about where it runs. All paths are absolute. */
export type ServerPlace = Readonly<{
  /** The java executable, 17 or later. */
  java: string
  /** What Maven brought for all servers (artifacts.ts): read only. */
  artifacts: string
  /** This server's own files: data, configuration. It survives restarts and kills. */
  directory: string
  ports: Ports
}>

export type ServerDefinition = Readonly<{
  name: ServerName
  /** For people: name and version. */
  title: string
  preferredPorts: Ports
  /** Writes configuration, formats what is new. Runs before every start; a kill in its middle must not spoil the next one. */
  prepare(place: ServerPlace): Promise<void>
  command(place: ServerPlace): Readonly<{ args: readonly string[]; env: Readonly<Record<string, string>> }>
  /** Resolves when the server truly serves (its protocol answers, not only its port); rejects with what is missing still. */
  probe(place: Pick<ServerPlace, 'ports' | 'directory'>, timeoutMillis: number): Promise<void>
  /** What must be told to a running server once. Repeating it does no harm. */
  afterReady(place: Pick<ServerPlace, 'ports' | 'directory'>): Promise<void>
}>

/** The address inside every message of this directory: servers of the local stack are reachable from this machine only. */
export const localHost = '127.0.0.1'

/** Under the locale C, Java finds no file whose path is not plain ASCII. */
export const javaLocale = { LC_ALL: 'C.UTF-8' }
