# The app's data, in SharedPreferences: it survives restarts, and "pm clear" or uninstalling wipes it.
# Written with commit, so that nothing is lost when the app is stopped a moment later.
.class public final Lcom/example/todo/Store;
.super Ljava/lang/Object;

.field private final preferences:Landroid/content/SharedPreferences;

.method public constructor <init>(Landroid/content/Context;)V
    .registers 5
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    const-string v0, "todo"
    const/4 v1, 0x0                 # Context.MODE_PRIVATE
    invoke-virtual {p1, v0, v1}, Landroid/content/Context;->getSharedPreferences(Ljava/lang/String;I)Landroid/content/SharedPreferences;
    move-result-object v0
    iput-object v0, p0, Lcom/example/todo/Store;->preferences:Landroid/content/SharedPreferences;
    return-void
.end method

.method public isOnboarded()Z
    .registers 4
    iget-object v0, p0, Lcom/example/todo/Store;->preferences:Landroid/content/SharedPreferences;
    const-string v1, "onboarded"
    const/4 v2, 0x0
    invoke-interface {v0, v1, v2}, Landroid/content/SharedPreferences;->getBoolean(Ljava/lang/String;Z)Z
    move-result v0
    return v0
.end method

.method public setOnboarded()V
    .registers 4
    iget-object v0, p0, Lcom/example/todo/Store;->preferences:Landroid/content/SharedPreferences;
    invoke-interface {v0}, Landroid/content/SharedPreferences;->edit()Landroid/content/SharedPreferences$Editor;
    move-result-object v0
    const-string v1, "onboarded"
    const/4 v2, 0x1
    invoke-interface {v0, v1, v2}, Landroid/content/SharedPreferences$Editor;->putBoolean(Ljava/lang/String;Z)Landroid/content/SharedPreferences$Editor;
    move-result-object v0
    invoke-interface {v0}, Landroid/content/SharedPreferences$Editor;->commit()Z
    return-void
.end method

# Who is logged in; empty when nobody is.
.method public user()Ljava/lang/String;
    .registers 3
    const-string v0, "user"
    const-string v1, ""
    invoke-direct {p0, v0, v1}, Lcom/example/todo/Store;->read(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.method public setUser(Ljava/lang/String;)V
    .registers 3
    const-string v0, "user"
    invoke-direct {p0, v0, p1}, Lcom/example/todo/Store;->write(Ljava/lang/String;Ljava/lang/String;)V
    return-void
.end method

# A new list of the items; change it and hand it to setItems. Kept as a JSON array.
.method public items()Ljava/util/ArrayList;
    .registers 6
    .annotation system Ldalvik/annotation/Signature;
        value = { "()", "Ljava/util/ArrayList<", "Ljava/lang/String;", ">;" }
    .end annotation
    new-instance v0, Ljava/util/ArrayList;
    invoke-direct {v0}, Ljava/util/ArrayList;-><init>()V
    const-string v1, "items"
    const-string v2, "[]"
    invoke-direct {p0, v1, v2}, Lcom/example/todo/Store;->read(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;
    move-result-object v1

    :try_start
    new-instance v2, Lorg/json/JSONArray;
    invoke-direct {v2, v1}, Lorg/json/JSONArray;-><init>(Ljava/lang/String;)V
    const/4 v1, 0x0
    :next
    invoke-virtual {v2}, Lorg/json/JSONArray;->length()I
    move-result v3
    if-ge v1, v3, :done
    invoke-virtual {v2, v1}, Lorg/json/JSONArray;->getString(I)Ljava/lang/String;
    move-result-object v3
    invoke-virtual {v0, v3}, Ljava/util/ArrayList;->add(Ljava/lang/Object;)Z
    add-int/lit8 v1, v1, 0x1
    goto :next
    :try_end
    .catch Lorg/json/JSONException; {:try_start .. :try_end} :damaged

    :done
    return-object v0

    :damaged
    move-exception v1
    new-instance v2, Ljava/lang/IllegalStateException;
    invoke-direct {v2, v1}, Ljava/lang/IllegalStateException;-><init>(Ljava/lang/Throwable;)V
    throw v2
.end method

.method public setItems(Ljava/util/ArrayList;)V
    .registers 4
    .annotation system Ldalvik/annotation/Signature;
        value = { "(", "Ljava/util/ArrayList<", "Ljava/lang/String;", ">;)V" }
    .end annotation
    new-instance v0, Lorg/json/JSONArray;
    invoke-direct {v0, p1}, Lorg/json/JSONArray;-><init>(Ljava/util/Collection;)V
    invoke-virtual {v0}, Lorg/json/JSONArray;->toString()Ljava/lang/String;
    move-result-object v0
    const-string v1, "items"
    invoke-direct {p0, v1, v0}, Lcom/example/todo/Store;->write(Ljava/lang/String;Ljava/lang/String;)V
    return-void
.end method

.method private read(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;
    .registers 4
    iget-object v0, p0, Lcom/example/todo/Store;->preferences:Landroid/content/SharedPreferences;
    invoke-interface {v0, p1, p2}, Landroid/content/SharedPreferences;->getString(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.method private write(Ljava/lang/String;Ljava/lang/String;)V
    .registers 4
    iget-object v0, p0, Lcom/example/todo/Store;->preferences:Landroid/content/SharedPreferences;
    invoke-interface {v0}, Landroid/content/SharedPreferences;->edit()Landroid/content/SharedPreferences$Editor;
    move-result-object v0
    invoke-interface {v0, p1, p2}, Landroid/content/SharedPreferences$Editor;->putString(Ljava/lang/String;Ljava/lang/String;)Landroid/content/SharedPreferences$Editor;
    move-result-object v0
    invoke-interface {v0}, Landroid/content/SharedPreferences$Editor;->commit()Z
    return-void
.end method
