using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Http;

/// <summary>The forms of an answer that went well.</summary>
internal static class Answer
{
    public static IResult Ok<T>(T body, JsonTypeInfo<T> type) => new FigureAnswer<T>(body, type);

    /// <summary>201 for what is new, 200 for what stood already.</summary>
    public static IResult Made<T>(bool isNew, T body, JsonTypeInfo<T> type) =>
        new FigureAnswer<T>(body, type, isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
}
