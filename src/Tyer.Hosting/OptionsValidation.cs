using Microsoft.Extensions.Options;

namespace Tyer.Hosting;

/// <summary>Options say themselves what is wrong with them; this lets the host ask them when it starts.</summary>
internal sealed class OptionsValidation<TOptions>(string? optionsName, Action<TOptions> validate) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        if (name != optionsName)
            return ValidateOptionsResult.Skip;
        try
        {
            validate(options);
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException fault)
        {
            return ValidateOptionsResult.Fail(fault.Message);
        }
    }
}
