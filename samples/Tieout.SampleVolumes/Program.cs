// A service that keeps volumes of several orgs and deletes one only if Tieout allows it.
//   TIEOUT_URL        the address of Tieout, such as http://127.0.0.1:4080
//   TIEOUT_GUARD_KEY  a key with the scope guard: a worker's key that may act for the orgs
//   VOLUMES           what it keeps, such as vol-1=acme,vol-2=beta
using Tieout.SampleVolumes;

var volumes = Variable("VOLUMES").Split(',').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
await VolumesApp.Build(new Uri(Variable("TIEOUT_URL")), Variable("TIEOUT_GUARD_KEY"), volumes, args).RunAsync();

static string Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"Set {name}.");
