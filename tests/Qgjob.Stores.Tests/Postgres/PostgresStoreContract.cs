using Qgjob.Stores.Tests.Contract;

namespace Qgjob.Stores.Tests.Postgres;

public sealed class PostgresStoreContract() : HomeContract(new PostgresHome());
